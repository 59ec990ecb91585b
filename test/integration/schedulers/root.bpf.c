/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A root scheduler that leaves everything to the kernel, numbers the CPUs of a machine of two backwards, and grants each
 * sub-scheduler one capability on one of them. It keeps what the kernel tells of the CPUs.
 */
#include "ops.h"

struct scx_cmask {
	u32 base;
	u32 nr_cids;
	u32 alloc_words;
	u64 bits[];
};

struct mask {
	u32 base;
	u32 nr_cids;
	u32 alloc_words;
	u64 bits[2];
};

#define CAP_PREEMPT (1ULL << 2)
#define CAP_PERF (1ULL << 3)

struct scx_cid_topo {
	s32 core_cid, core_idx, llc_cid, llc_idx, node_cid, node_idx, shard_cid, shard_idx;
};

extern s32 scx_bpf_sub_grant(u64 cgroup_id, u64 caps, struct scx_cmask __arena *cmask,
			     struct scx_cmask __arena *denied) __ksym;
extern void scx_bpf_cid_override(s32 __arena *cpu_to_cid, u32 cpus, s32 __arena *shard_start, u32 shards) __ksym;
extern void scx_bpf_cid_topo(s32 cid, struct scx_cid_topo *out, unsigned long out__sz) __ksym;

const volatile u64 sub_cgroup = CGROUP_ID;
const volatile u64 rescue_cgroup = RESCUE_CGROUP_ID;
struct scx_cid_topo told[2];
struct mask __arena granted = { .base = 0, .nr_cids = 2, .alloc_words = 2, .bits = { 1 << 1 } };
s32 __arena cpu_to_cid[2] = { 1, 0 };
s32 __arena shard_start[1] = { 0 };
u64 runs;
s32 grant_result = 1;

SEC("struct_ops/root_running") void root_running(u64 *ctx)
{
	uses_arena();
	__sync_fetch_and_add(&runs, 1);
}

SEC("struct_ops.s/root_sub_attach") s32 root_sub_attach(u64 *ctx)
{
	uses_arena();
	grant_result = scx_bpf_sub_grant(sub_cgroup, CAP_PERF, (struct scx_cmask __arena *)&granted, 0);
	scx_bpf_sub_grant(rescue_cgroup, CAP_PREEMPT, (struct scx_cmask __arena *)&granted, 0);
	scx_bpf_cid_topo(0, &told[0], sizeof(told[0]));
	scx_bpf_cid_topo(1, &told[1], sizeof(told[1]));
	return 0;
}

SEC("struct_ops.s/root_sub_detach") void root_sub_detach(u64 *ctx)
{
	uses_arena();
}

SEC("struct_ops.s/root_init_cids") s32 root_init_cids(u64 *ctx)
{
	uses_arena();
	scx_bpf_cid_override(cpu_to_cid, 2, shard_start, 1);
	return 0;
}

SEC(".struct_ops.link")
struct sched_ext_ops_cid root_ops = {
	.running = (void *)root_running,
	.sub_attach = (void *)root_sub_attach,
	.sub_detach = (void *)root_sub_detach,
	.init_cids = (void *)root_init_cids,
	.timeout_ms = 25000,
	.name = "test_root",
};
