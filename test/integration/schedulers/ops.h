/* SPDX-License-Identifier: GPL-2.0 */
/* What the schedulers share: as much of the kernel's types as they use, and the arena that cid-form schedulers must have. */
#pragma once

typedef int s32;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int(*name)[value]
#define __ksym __attribute__((section(".ksyms")))
#define __arena __attribute__((address_space(1)))

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA */
	__uint(map_flags, 1 << 10); /* BPF_F_MMAPABLE */
	__uint(max_entries, 16);
} arena SEC(".maps");

/* Programs of one scheduler use its arena, also those that need nothing of it. */
#define uses_arena()                        \
	do {                                \
		void *map = &arena;         \
		asm volatile("" ::"r"(map)); \
	} while (0)

/* In place of the ids of the sub-schedulers' cgroups, which the guest's script writes into the files. */
#define CGROUP_ID 0x1122334455667788ULL
#define RESCUE_CGROUP_ID 0x1122334455667799ULL

/* Not only declared: kernel functions that take one are matched by its kind. */
struct task_struct {};
struct scx_sub_attach_args;
struct scx_sub_detach_args;

struct sched_ext_ops_cid {
	void (*enqueue)(struct task_struct *task, u64 flags);
	void (*running)(struct task_struct *task);
	s32 (*sub_attach)(struct scx_sub_attach_args *args);
	void (*sub_detach)(struct scx_sub_detach_args *args);
	void (*sub_ecaps_updated)(s32 cid, u64 before, u64 after);
	s32 (*init_cids)(void);
	u64 flags;
	u32 timeout_ms;
	u64 sub_cgroup_id;
	char name[128];
};
