/* SPDX-License-Identifier: GPL-2.0 */
/* trace: tracing programs of several types, the maps that only such programs can fill, and a tail call. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "control.h"

char _license[] SEC("license") = "GPL";

#define MAX_STACK_DEPTH 32
#define FIRST_SWITCHES 200
#define RING_SWITCHES 5

struct switch_record {
	u64 number;
	s32 previous_pid;
	s32 next_pid;
	char next_comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, sizeof(u32));
	__uint(value_size, MAX_STACK_DEPTH * sizeof(u64));
} stacks SEC(".maps");

/* Nobody reads it: the first records stay. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8192);
} switches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} cgroup_wakeups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, s32);
	__type(value, u64);
} wakeups SEC(".maps");

/* Always empty: what is deleted from it is not there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} nothing SEC(".maps");

int count_tail(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(u32));
	__array(values, int(void *));
} tails SEC(".maps") = { .values = { [1] = (void *)&count_tail } };

u64 nr_switches, nr_tail_calls, nr_wakeups, nr_sleeps, nr_forks, nr_deletes;

SEC("raw_tp") int count_tail(void *ctx)
{
	if (!demo_paused())
		__sync_fetch_and_add(&nr_tail_calls, 1);
	return 0;
}

SEC("raw_tp/sched_switch") int trace_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *previous = (void *)ctx->args[1], *next = (void *)ctx->args[2];
	struct switch_record record = {};

	if (demo_paused())
		return 0;
	record.number = __sync_fetch_and_add(&nr_switches, 1);
	if (record.number < FIRST_SWITCHES)
		bpf_get_stackid(ctx, &stacks, 0);
	if (record.number < RING_SWITCHES) {
		bpf_probe_read_kernel(&record.previous_pid, sizeof(s32), &previous->pid);
		bpf_probe_read_kernel(&record.next_pid, sizeof(s32), &next->pid);
		bpf_probe_read_kernel_str(record.next_comm, sizeof(record.next_comm), next->comm);
		bpf_ringbuf_output(&switches, &record, sizeof(record), BPF_RB_NO_WAKEUP);
	}
	bpf_tail_call(ctx, &tails, 1);
	return 0;
}

SEC("tp_btf/sched_wakeup") int BPF_PROG(trace_wakeup, struct task_struct *p)
{
	s32 pid = p->pid;
	u64 *count, one = 1;

	if (demo_paused())
		return 0;
	__sync_fetch_and_add(&nr_wakeups, 1);
	count = bpf_map_lookup_elem(&wakeups, &pid);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&wakeups, &pid, &one, BPF_ANY);
	count = bpf_cgrp_storage_get(&cgroup_wakeups, p->cgroups->dfl_cgrp, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

SEC("tp/sched/sched_process_fork") int trace_fork(void *ctx)
{
	if (!demo_paused())
		__sync_fetch_and_add(&nr_forks, 1);
	return 0;
}

SEC("fentry/hrtimer_nanosleep") int BPF_PROG(trace_sleep)
{
	if (!demo_paused())
		__sync_fetch_and_add(&nr_sleeps, 1);
	return 0;
}

/* Traces what it calls itself: the kernel skips the inner run and counts it as missed. */
SEC("fentry/htab_map_delete_elem") int BPF_PROG(trace_delete)
{
	u32 key = 0;

	if (demo_paused())
		return 0;
	__sync_fetch_and_add(&nr_deletes, 1);
	bpf_map_delete_elem(&nothing, &key);
	return 0;
}
