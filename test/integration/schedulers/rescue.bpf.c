/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scheduler of another cgroup. It sends every task to a CPU on which it may not queue any, and asks the kernel to rescue
 * them there. It keeps what the kernel tells it of its capabilities.
 */
#include "ops.h"

#define LOCAL_ON (3ULL << 62)
#define ENQ_RESCUE (1ULL << 34)

extern void scx_bpf_dsq_insert(struct task_struct *task, u64 dsq, u64 slice, u64 flags) __ksym;

u64 ecaps[2];

SEC("struct_ops/rescue_enqueue") void rescue_enqueue(u64 *ctx)
{
	uses_arena();
	scx_bpf_dsq_insert((struct task_struct *)ctx[0], LOCAL_ON, 1000000, ENQ_RESCUE);
}

SEC("struct_ops/rescue_ecaps_updated") void rescue_ecaps_updated(u64 *ctx)
{
	uses_arena();
	ecaps[ctx[0] & 1] = ctx[2];
}

SEC(".struct_ops.link")
struct sched_ext_ops_cid rescue_ops = {
	.enqueue = (void *)rescue_enqueue,
	.sub_ecaps_updated = (void *)rescue_ecaps_updated,
	.sub_cgroup_id = RESCUE_CGROUP_ID,
	.timeout_ms = 29000,
	.name = "test_rescue",
};
