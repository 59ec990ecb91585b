/* SPDX-License-Identifier: GPL-2.0 */
/* What the scheduler remembers: per task in the arena, with a task-storage entry that leads there; per CPU; totals. */
#pragma once

#define TASK_CTX_MAGIC 0x7461736b5f637478ULL /* "task_ctx" */
#define CPU_CTX_MAGIC 0x6370755fu	      /* "cpu_" */
#define MAX_CPUS 64

enum task_class {
	CLASS_USER = 0,
	CLASS_NICED = 1,
	CLASS_KERNEL = 2,
};

/* One per task: the payload of an element of scx_task_allocator. */
struct task_ctx {
	u64 magic;
	s32 pid;
	s32 tgid;
	char comm[16];
	u32 weight;
	enum task_class class;
	u32 last_cpu;
	u32 is_leader : 1;
	u32 has_parent : 1;
	u32 nr_waits : 30; /* times it had to wait in a DSQ */
	u64 nr_run;
	u64 runtime_ns;
	u64 started_at; /* ns, CLOCK_MONOTONIC; 0 when it is not running */
	u64 last_dsq;
	u64 parent;		       /* arena address of the parent's struct sdt_data, 0 if it has none */
	union sdt_id parent_tid;       /* the parent's tid when this was recorded: tells a recycled element */
	u64 parent_nr_run;	       /* the parent's nr_run when this task last started to run */
	u64 task;		       /* address of the task_struct */
	struct cpu_ctx __arena *cpu; /* where it last ran */
};

/* One per CPU, allocated from scx_static and linked in CPU order. */
struct cpu_ctx {
	u32 magic;
	u32 cpu;
	u64 nr_dispatches;
	u64 nr_running;
	s32 last_pid;
	char last_comm[16];
	struct cpu_ctx __arena *next;
};

/* Value of the task storage. */
struct scx_task_map_val {
	union sdt_id tid;
	u64 tptr;
	struct sdt_data __arena *data;
	s32 pid;
	u32 nr_enqueued;
	u64 last_enqueued_at; /* ns, CLOCK_MONOTONIC */
};

/* A copy of what matters in a hash map, where bpftool can see it. */
struct pid_stats {
	char comm[16];
	union sdt_id tid;
	u64 tptr;
	u64 data; /* arena address of the task's struct sdt_data */
	u32 weight;
	enum task_class class;
	u64 nr_run;
	u64 runtime_ns;
};

/* One per CPU in a per-CPU array. */
struct cpu_events {
	u64 select_cpu;
	u64 idle_hits;
	u64 enqueue;
	u64 stalled;
	u64 dispatch;
	u64 running;
	u64 stopping;
};
