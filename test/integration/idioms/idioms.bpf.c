/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How schedulers keep pointers in integers: in task storage, in tables of a data section, in values of per-CPU maps, in
 * free lists and slots that are changed by compare and swap. `fill` runs at each umask().
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))
#define PAGE 4096

char _license[] SEC("license") = "GPL";

void __arena *bpf_arena_alloc_pages(void *map, void __arena *address, u32 pages, int node, u64 flags) __ksym;
void bpf_arena_free_pages(void *map, void __arena *address, u32 pages) __ksym;
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
	__ulong(map_extra, 1ull << 44);
} arena SEC(".maps");

struct topology {
	u64 level;
	u64 id;
	u64 loads[4];
};

struct queue {
	u64 length;
	u64 owner;
	u64 unused[5];
};

struct list_node {
	u64 next;
	u64 number;
	u64 unused[9];
};

struct task_value {
	u64 tid;
	u64 tptr;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_value);
} task_values SEC(".maps");

struct cpu_value {
	u64 cached_task;
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_value);
} cpu_values SEC(".maps");

u64 topo_nodes[2][4];
u64 topo_loads[8];
static u64 free_head;
static u64 slots[4];
u64 told;

/* Functions with types: what they take is known to be such a pointer. */
__weak int topo_weight(struct topology __arena *node __arg_arena)
{
	return node ? node->loads[0] : 0;
}

__weak int queue_destroy(struct queue __arena *queue __arg_arena)
{
	if (!queue)
		return 0;
	queue->length = 0;
	return 0;
}

static __noinline int pick(u64 seed, bool *is_idle)
{
	*is_idle = seed & 1;
	return seed >> 40;
}

static __noinline void topo_add(u32 level, u32 id)
{
	struct topology __arena *node = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);

	if (!node || level > 1 || id > 3)
		return;
	node->level = level;
	node->id = id;
	topo_weight(node);
	topo_nodes[level][id] = (u64)node;
	topo_loads[7 - id] = bpf_ktime_get_ns();
}

static void push(void __arena *memory)
{
	u64 __arena *node = memory;
	u64 old = free_head;

	*node = old;
	__sync_bool_compare_and_swap(&free_head, old, (u64)node);
}

static void __arena *pop(void)
{
	u64 old = free_head;
	u64 next;

	if (!old)
		return NULL;
	next = *(u64 __arena *)old;
	return __sync_bool_compare_and_swap(&free_head, old, next) ? (void __arena *)old : NULL;
}

static __noinline void schedule_destroy(u64 slot, u64 __arena *from)
{
	u64 queue = *from;
	u64 old;

	if (slot > 3)
		return;
	old = __sync_val_compare_and_swap(&slots[slot], 0, queue);
	if (old && __sync_val_compare_and_swap(&slots[slot], old, queue) == old)
		queue_destroy((struct queue __arena *)old);
}

static void remember(s32 pid)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	struct task_value *value;
	struct cpu_value *cpu;
	u32 key = 0;

	if (!task)
		return;
	value = bpf_task_storage_get(&task_values, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (value) {
		value->tid = pid;
		value->tptr = (u64)task;
	}
	cpu = bpf_map_lookup_elem(&cpu_values, &key);
	if (cpu) {
		cpu->cached_task = (u64)task;
		cpu->count++;
	}
	bpf_task_release(task);
}

SEC("fentry/__x64_sys_umask")
int fill(u64 *context)
{
	struct list_node __arena *node;
	u64 __arena *words;
	struct queue __arena *queue;
	void __arena *gone;
	bool is_idle = false;

	remember(2);
	remember(1);
	topo_add(0, 0);
	topo_add(1, 0);
	topo_add(1, 3);
	node = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	if (node) {
		node->number = 1;
		push(node);
	}
	node = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	if (node) {
		node->number = 2;
		push(node);
	}
	node = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	if (node) {
		node->number = 3;
		push(node);
	}
	if (pop())
		told++;
	words = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	queue = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	gone = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	if (!words || !queue || !gone)
		return 0;
	queue->length = 77;
	queue->owner = 5;
	words[0] = (u64)queue;
	words[1] = (u64)gone;
	schedule_destroy(1, words);
	schedule_destroy(2, words + 1);
	bpf_arena_free_pages(&arena, gone, 1);
	told += pick(bpf_ktime_get_ns(), &is_idle) + is_idle;
	return 0;
}
