/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scx_lost: a sched_ext scheduler with a mistake, to be hunted. It keeps waiting tasks in a ring of its own, first in,
 * first out, and once in a great many enqueues, when two CPUs meet at the wrong instruction, it loses one.
 * README.md says where, docs/time.md how to find it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kfuncs.bpf.h"

char _license[] SEC("license") = "GPL";

#define PF_KTHREAD 0x00200000
#define SLICE_NS 2000000ULL
#define SLOTS 256 /* more than there are tasks to queue */

struct queued {
	s32 pid;
	u32 cpu; /* where it was enqueued */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct queued);
} ring SEC(".maps");

/* Positions that were handed out and taken, since the beginning. Task number n is in slot n % SLOTS. */
u64 tail, head;
u64 nr_enqueued, nr_dispatched;

s32 SEC("struct_ops/lost_select_cpu") BPF_PROG(lost_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	return cpu;
}

void SEC("struct_ops/lost_enqueue") BPF_PROG(lost_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct queued *slot;
	u32 key;

	/* Only whoever can run anywhere waits in the ring. */
	if (p->flags & PF_KTHREAD || p->nr_cpus_allowed == 1) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	__sync_fetch_and_add(&nr_enqueued, 1);
	key = __sync_fetch_and_add(&tail, 1) % SLOTS;
	slot = bpf_map_lookup_elem(&ring, &key);
	if (!slot)
		return;
	slot->cpu = bpf_get_smp_processor_id();
	slot->pid = p->pid;
}

void SEC("struct_ops/lost_dispatch") BPF_PROG(lost_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;
	struct queued *slot;
	u64 taken;
	u32 key;

	taken = head;
	if (taken == tail)
		return;
	/* One CPU takes it; another that came to the same position asks again when it is next idle. */
	if (__sync_val_compare_and_swap(&head, taken, taken + 1) != taken)
		return;
	key = taken % SLOTS;
	slot = bpf_map_lookup_elem(&ring, &key);
	if (!slot)
		return;
	p = bpf_task_from_pid(slot->pid);
	if (!p) /* it has ended meanwhile */
		return;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	bpf_task_release(p);
	__sync_fetch_and_add(&nr_dispatched, 1);
}

SEC(".struct_ops.link")
struct sched_ext_ops lost_ops = {
	.select_cpu = (void *)lost_select_cpu,
	.enqueue = (void *)lost_enqueue,
	.dispatch = (void *)lost_dispatch,
	.timeout_ms = 30000,
	.name = "scx_lost",
};
