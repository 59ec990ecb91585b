/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scx_demo: a small sched_ext scheduler whose purpose is to be looked at.
 *
 * Tasks of default weight queue first-in first-out on DSQ 0x77, others by a virtual deadline on DSQ 0x78; CPUs take
 * from both in turn. Around that it keeps state in every place that a scheduler may keep it. See README.md.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "kfuncs.bpf.h"
#include "control.h"

char _license[] SEC("license") = "GPL";

#define PF_KTHREAD 0x00200000
#define ENOENT 2
#define ENOMEM 12
#define SLICE_NS 5000000ULL
#define DEFAULT_WEIGHT 100
#define FIFO_DSQ 0x77ULL
#define DEADLINE_DSQ 0x78ULL
#define STALL_DSQ 0x79ULL
#define TURN_SHIFT 20 /* CPUs prefer each queue for 2^20 ns in turn */

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << 20);
	__ulong(map_extra, 1ULL << 44);
} arena SEC(".maps");

#include "arena_alloc.bpf.h"
#include "static_alloc.bpf.h"
#include "task_ctx.bpf.h"
#include "maps.bpf.h"

struct exit_record {
	s32 kind;
	s64 code;
	char reason[64];
	char message[128];
};

#define RECORDED_PIDS 32

/* A DSQ as the scheduler itself saw it last. */
struct queue_record {
	u32 depth;
	s32 pids[RECORDED_PIDS]; /* the first of them, in order */
};

static struct scx_allocator scx_task_allocator;
private(CPUMASK) struct bpf_cpumask __kptr *all_cpus;

struct cpu_ctx __arena *first_cpu_ctx;
struct cpu_ctx __arena *cpu_ctxs[MAX_CPUS];
struct exit_record exit_record;
struct queue_record stall_records[MAX_CPUS]; /* by the CPU that looked */
u64 nr_init_task, nr_exit_task, nr_alloc_failed;
u32 nr_cpus;
const volatile u64 slice_ns = SLICE_NS;

u64 __arena arena_words[4] = { 0xa0a0a0a000000000ULL, 1, 2, 3 };
u32 __arena arena_inits;

/*
 * The BTF of some kernel builds describes this kfunc wrongly, so that it cannot be called. There everything goes through
 * the global DSQ. The answer is a constant to the verifier, which never looks at the other branch.
 */
static __always_inline bool have_user_dsqs(void)
{
	return bpf_ksym_exists(scx_bpf_create_dsq);
}

static __always_inline struct cpu_events *this_cpu_events(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&cpu_events, &zero);
}

#define count_event(name)                                 \
	do {                                              \
		struct cpu_events *events = NULL;         \
		if (!demo_paused())                       \
			events = this_cpu_events();       \
		if (events)                               \
			events->name++;                   \
	} while (0)

static __always_inline bool is_kernel_thread(const struct task_struct *p)
{
	return p->flags & PF_KTHREAD;
}

static __noinline bool comm_starts_with(const struct task_struct *p, const struct demo_control *switches)
{
	u32 i;

	for (i = 0; i < sizeof(switches->stall_comm); i++) {
		if (!switches->stall_comm[i])
			return i > 0;
		if (switches->stall_comm[i] != p->comm[i])
			return false;
	}
	return true;
}

static __always_inline bool is_stalled(const struct task_struct *p)
{
	const struct demo_control *switches = demo_control();

	if (!switches)
		return false;
	switch (switches->stall) {
	case STALL_PID:
		return p->pid == switches->stall_pid;
	case STALL_COMM:
		return comm_starts_with(p, switches);
	case STALL_USER:
		return !is_kernel_thread(p);
	default:
		return false;
	}
}

static __always_inline void copy_comm(char __arena *to, const struct task_struct *p)
{
	u32 i;

	for (i = 0; i < sizeof(p->comm); i++) {
		to[i] = p->comm[i];
		barrier(); /* see scx_free() */
	}
}

static __always_inline struct task_ctx __arena *ctx_of(const struct scx_task_map_val *val)
{
	return (struct task_ctx __arena *)val->data->payload;
}

s32 SEC("struct_ops/demo_select_cpu")
BPF_PROG(demo_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu;

	count_event(select_cpu);
	if (is_stalled(p))
		return prev_cpu;
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle) {
		count_event(idle_hits);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	}
	return cpu;
}

static __always_inline void note_enqueued(struct task_struct *p, u64 dsq, u64 now)
{
	struct scx_task_map_val *val;
	struct task_ctx __arena *tctx;

	uses_arena();
	if (demo_paused())
		return;
	val = bpf_task_storage_get(&scx_task_map, p, NULL, 0);
	if (!val)
		return;
	val->nr_enqueued++;
	val->last_enqueued_at = now;
	tctx = ctx_of(val);
	tctx->last_dsq = dsq;
	tctx->nr_waits++;
}

/* Holds a stalled task back. False if it could not, and the task must be queued as usual. */
static __always_inline bool hold_back(struct task_struct *p, u64 now, u64 enq_flags)
{
	s32 pid = p->pid;

	count_event(stalled);
	if (!have_user_dsqs())
		return !bpf_map_push_elem(&stalled_pids, &pid, 0);
	note_enqueued(p, STALL_DSQ, now);
	scx_bpf_dsq_insert(p, STALL_DSQ, slice_ns, enq_flags);
	return true;
}

static __always_inline u64 dsq_for(u32 weight)
{
	if (!have_user_dsqs())
		return SCX_DSQ_GLOBAL;
	return weight == DEFAULT_WEIGHT ? FIFO_DSQ : DEADLINE_DSQ;
}

void SEC("struct_ops/demo_enqueue") BPF_PROG(demo_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 now = bpf_ktime_get_ns();
	u32 weight = p->scx.weight ?: 1;
	u64 dsq = dsq_for(weight);

	count_event(enqueue);
	if (is_stalled(p) && hold_back(p, now, enq_flags))
		return;
	note_enqueued(p, dsq, now);
	if (dsq == DEADLINE_DSQ)
		scx_bpf_dsq_insert_vtime(p, dsq, slice_ns, now + slice_ns * DEFAULT_WEIGHT / weight, enq_flags);
	else
		scx_bpf_dsq_insert(p, dsq, slice_ns, enq_flags);
}

/* Brings one stalled task back. True if that gave this CPU something to run. */
static __always_inline bool release_stalled(void)
{
	struct task_struct *p;
	s32 pid;

	if (have_user_dsqs())
		return scx_bpf_dsq_move_to_local(STALL_DSQ);
	if (bpf_map_pop_elem(&stalled_pids, &pid))
		return false;
	p = bpf_task_from_pid(pid);
	if (!p)
		return false;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice_ns, 0);
	bpf_task_release(p);
	return true;
}

/* Notes who waits for the stall to end. Nobody leaves that queue meanwhile. */
static __noinline int record_stalled(s32 cpu)
{
	struct queue_record *record = &stall_records[cpu & (MAX_CPUS - 1)];
	struct task_struct *p;

	/* Counted in memory, which the verifier does not follow round by round. */
	record->depth = 0;
	bpf_for_each(scx_dsq, p, STALL_DSQ, 0) {
		u32 at = record->depth;

		if (at < RECORDED_PIDS)
			record->pids[at] = p->pid;
		record->depth = at + 1;
	}
	return 0;
}

void SEC("struct_ops/demo_dispatch") BPF_PROG(demo_dispatch, s32 cpu, struct task_struct *prev)
{
	const struct demo_control *switches = demo_control();
	bool deadline_first = bpf_ktime_get_ns() >> TURN_SHIFT & 1;

	uses_arena();
	count_event(dispatch);
	if (!demo_paused() && cpu >= 0 && cpu < MAX_CPUS) {
		struct cpu_ctx __arena *cctx = cpu_ctxs[cpu];

		if (cctx)
			cctx->nr_dispatches++;
	}
	if (switches && switches->stall && have_user_dsqs() && !demo_paused())
		record_stalled(cpu);
	if (switches && !switches->stall && release_stalled())
		return;
	if (!have_user_dsqs() || scx_bpf_dsq_move_to_local(deadline_first ? DEADLINE_DSQ : FIFO_DSQ))
		return;
	scx_bpf_dsq_move_to_local(deadline_first ? FIFO_DSQ : DEADLINE_DSQ);
}

/* The parent's progress as seen by the child: follows the arena address that task_ctx.parent keeps as an integer. */
static __always_inline void look_at_parent(struct task_ctx __arena *tctx)
{
	struct sdt_data __arena *parent = (struct sdt_data __arena *)tctx->parent;
	struct task_ctx __arena *parent_ctx;

	if (!parent || parent->tid.val != tctx->parent_tid.val)
		return;
	parent_ctx = (struct task_ctx __arena *)parent->payload;
	tctx->parent_nr_run = parent_ctx->nr_run;
}

void SEC("struct_ops/demo_running") BPF_PROG(demo_running, struct task_struct *p)
{
	s32 cpu = bpf_get_smp_processor_id();
	struct scx_task_map_val *val;
	struct task_ctx __arena *tctx;
	struct cpu_ctx __arena *cctx;
	struct pid_stats *stats;
	s32 pid = p->pid;

	uses_arena();
	if (demo_paused())
		return;
	count_event(running);
	val = bpf_task_storage_get(&scx_task_map, p, NULL, 0);
	if (!val)
		return;
	tctx = ctx_of(val);
	tctx->nr_run++;
	tctx->started_at = bpf_ktime_get_ns();
	tctx->last_cpu = cpu;
	look_at_parent(tctx);

	if (cpu >= 0 && cpu < MAX_CPUS && (cctx = cpu_ctxs[cpu])) {
		tctx->cpu = cctx;
		cctx->nr_running++;
		cctx->last_pid = pid;
		copy_comm(cctx->last_comm, p);
	}

	stats = bpf_map_lookup_elem(&pid_stats, &pid);
	if (stats) {
		stats->nr_run = tctx->nr_run;
		__builtin_memcpy(stats->comm, p->comm, sizeof(stats->comm));
	}
}

void SEC("struct_ops/demo_stopping") BPF_PROG(demo_stopping, struct task_struct *p, bool runnable)
{
	struct scx_task_map_val *val;
	struct task_ctx __arena *tctx;
	struct pid_stats *stats;
	s32 pid = p->pid;

	uses_arena();
	if (demo_paused())
		return;
	count_event(stopping);
	val = bpf_task_storage_get(&scx_task_map, p, NULL, 0);
	if (!val)
		return;
	tctx = ctx_of(val);
	if (!tctx->started_at)
		return;
	tctx->runtime_ns += bpf_ktime_get_ns() - tctx->started_at;
	tctx->started_at = 0;
	stats = bpf_map_lookup_elem(&pid_stats, &pid);
	if (stats)
		stats->runtime_ns = tctx->runtime_ns;
}

#include "task_life.bpf.h"
#include "setup.bpf.h"

s32 SEC("struct_ops.s/demo_init") BPF_PROG(demo_init)
{
	int err = 0;

	nr_cpus = scx_bpf_nr_cpu_ids();
	arena_inits++;
	if (have_user_dsqs()) {
		err = scx_bpf_create_dsq(FIFO_DSQ, NUMA_NO_NODE);
		err = err ?: scx_bpf_create_dsq(DEADLINE_DSQ, NUMA_NO_NODE);
		err = err ?: scx_bpf_create_dsq(STALL_DSQ, NUMA_NO_NODE);
	}
	err = err ?: scx_alloc_init(&scx_task_allocator, sizeof(struct task_ctx));
	err = err ?: make_cpu_ctxs();
	err = err ?: make_kptrs();
	err = err ?: arm_timer(0, TICK_NS);
	return err ?: arm_timer(1, NEVER_NS);
}

void SEC("struct_ops/demo_exit") BPF_PROG(demo_exit, struct scx_exit_info *info)
{
	if (demo_paused())
		return;
	exit_record.kind = info->kind;
	exit_record.code = info->exit_code;
	bpf_probe_read_kernel_str(exit_record.reason, sizeof(exit_record.reason), info->reason);
	bpf_probe_read_kernel_str(exit_record.message, sizeof(exit_record.message), info->msg);
}

SEC(".struct_ops.link")
struct sched_ext_ops demo_ops = {
	.select_cpu = (void *)demo_select_cpu,
	.enqueue = (void *)demo_enqueue,
	.dispatch = (void *)demo_dispatch,
	.running = (void *)demo_running,
	.stopping = (void *)demo_stopping,
	.set_weight = (void *)demo_set_weight,
	.init_task = (void *)demo_init_task,
	.exit_task = (void *)demo_exit_task,
	.init = (void *)demo_init,
	.exit = (void *)demo_exit,
	.timeout_ms = 30000,
	.name = "scx_demo",
};
