/* SPDX-License-Identifier: GPL-2.0 */
/* The maps of the scheduler, besides the arena and the switches. */
#pragma once

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct scx_task_map_val);
} scx_task_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, s32);
	__type(value, struct pid_stats);
} pid_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_events);
} cpu_events SEC(".maps");

struct demo_timer {
	struct bpf_timer timer;
	u64 period_ns;
	u64 fired;
	u64 last_fired_at;
};

/* Entry 0 ticks, entry 1 is armed and does not fire within the hour. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct demo_timer);
} timers SEC(".maps");

struct locked_total {
	struct bpf_spin_lock lock;
	u32 writers;
	u64 nr_init;
	u64 nr_exit;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct locked_total);
} locked_totals SEC(".maps");

struct cpumask_slot {
	u32 generation;
	struct bpf_cpumask __kptr *mask;
};

/* Entry 0 holds the even CPUs, entry 1 the odd ones, entry 2 nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, struct cpumask_slot);
} cpumasks SEC(".maps");

struct watched_task {
	s32 pid;
	struct task_struct __kptr *task;
};

/* A counted reference to the task with pid 1. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct watched_task);
} watched SEC(".maps");

/* Where stalled tasks wait on a kernel that lets us create no DSQ. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, s32);
} stalled_pids SEC(".maps");
