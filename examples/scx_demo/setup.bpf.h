/* SPDX-License-Identifier: GPL-2.0 */
/* What ops.init sets up once: timers, kptrs, and the per-CPU contexts in the arena. */
#pragma once

#define TICK_NS 100000000ULL
#define NEVER_NS (3600ULL * 1000000000ULL)

static int demo_tick(void *map, u32 *key, struct demo_timer *timer)
{
	if (!demo_paused()) {
		timer->fired++;
		timer->last_fired_at = bpf_ktime_get_ns();
	}
	bpf_timer_start(&timer->timer, timer->period_ns, 0);
	return 0;
}

static __always_inline int arm_timer(u32 key, u64 period_ns)
{
	struct demo_timer *timer = bpf_map_lookup_elem(&timers, &key);
	int err;

	if (!timer)
		return -ENOENT;
	timer->period_ns = period_ns;
	err = bpf_timer_init(&timer->timer, &timers, CLOCK_MONOTONIC);
	err = err ?: bpf_timer_set_callback(&timer->timer, demo_tick);
	return err ?: bpf_timer_start(&timer->timer, period_ns, 0);
}

/* A mask with every `step`th CPU from `first`. */
static __always_inline struct bpf_cpumask *make_mask(u32 first, u32 step)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	u32 cpu;

	if (!mask)
		return NULL;
	for (cpu = first; cpu < MAX_CPUS && cpu < nr_cpus; cpu += step)
		bpf_cpumask_set_cpu(cpu, mask);
	return mask;
}

static __always_inline int store_mask(u32 key)
{
	struct cpumask_slot *slot = bpf_map_lookup_elem(&cpumasks, &key);
	struct bpf_cpumask *mask, *old;

	if (!slot)
		return -ENOENT;
	mask = make_mask(key, 2);
	if (!mask)
		return -ENOMEM;
	slot->generation = key + 1;
	old = bpf_kptr_xchg(&slot->mask, mask);
	if (old)
		bpf_cpumask_release(old);
	return 0;
}

static __noinline int make_kptrs(void)
{
	struct task_struct *task, *old_task;
	struct bpf_cpumask *mask, *old;
	struct watched_task *slot;
	u32 zero = 0;
	int err;

	err = store_mask(0);
	err = err ?: store_mask(1);
	if (err)
		return err;

	mask = make_mask(0, 1);
	if (!mask)
		return -ENOMEM;
	old = bpf_kptr_xchg(&all_cpus, mask);
	if (old)
		bpf_cpumask_release(old);

	slot = bpf_map_lookup_elem(&watched, &zero);
	task = slot ? bpf_task_from_pid(1) : NULL;
	if (!task)
		return -ENOENT;
	slot->pid = 1;
	old_task = bpf_kptr_xchg(&slot->task, task);
	if (old_task)
		bpf_task_release(old_task);
	return 0;
}

static __noinline int make_cpu_ctxs(void)
{
	struct cpu_ctx __arena *previous = NULL;
	u32 cpu;
	int err;

	err = scx_static_init(2);
	if (err)
		return err;
	for (cpu = 0; cpu < MAX_CPUS && cpu < nr_cpus; cpu++) {
		struct cpu_ctx __arena *cctx = scx_static_alloc(sizeof(*cctx));

		if (!cctx)
			return -ENOMEM;
		cctx->magic = CPU_CTX_MAGIC;
		cctx->cpu = cpu;
		cpu_ctxs[cpu] = cctx;
		if (previous)
			previous->next = cctx;
		else
			first_cpu_ctx = cctx;
		previous = cctx;
	}
	return 0;
}
