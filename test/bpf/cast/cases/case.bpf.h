/* SPDX-License-Identifier: GPL-2.0 */
/* What all cases share: types, maps, helpers and kernel functions, as few as they need. */
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;
typedef _Bool bool;

#define NULL ((void *)0)
#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define __weak __attribute__((weak))
#define __ksym __attribute__((section(".ksyms")))
#define __arena __attribute__((address_space(1)))
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __user __attribute__((btf_type_tag("user")))
#define __core __attribute__((preserve_access_index))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]
#define barrier() asm volatile("" ::: "memory")
#define hide(value) asm volatile("" : "+r"(value))

enum {
	HASH = 1,
	ARRAY = 2,
	PERCPU_ARRAY = 6,
	ARRAY_OF_MAPS = 12,
	HASH_OF_MAPS = 13,
	QUEUE = 22,
	RINGBUF = 27,
	TASK_STORAGE = 29,
	ARENA = 33,
};

struct mm_struct {
	u64 start_code;
} __core;

struct task_struct {
	int pid;
	int tgid;
	u64 start_time;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	char comm[16];
} __core;

struct cgroup {
	int level;
	u64 id;
} __core;

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static u32 (*const bpf_get_prandom_u32)(void) = (void *)7;
static u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static u64 (*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_map_push_elem)(void *map, const void *value, u64 flags) = (void *)87;
static long (*const bpf_probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*const bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static void *(*const bpf_ringbuf_reserve)(void *ringbuf, u64 size, u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static void *(*const bpf_this_cpu_ptr)(const void *variable) = (void *)154;
static void *(*const bpf_task_storage_get)(void *map, struct task_struct *task, void *value,
					   u64 flags) = (void *)156;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;
static long (*const bpf_for_each_map_elem)(void *map, void *callback, void *context, u64 flags) = (void *)164;
static long (*const bpf_loop)(u32 count, void *callback, void *context, u64 flags) = (void *)181;
static void *(*const bpf_kptr_xchg)(void *slot, void *pointer) = (void *)194;

extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *address, u32 pages, int node, u64 flags) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
extern struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym;
extern int bpf_fill_word(u64 *word) __ksym;

#define core_cast(pointer, type) \
	((typeof(type) *)bpf_rdonly_cast((pointer), __builtin_btf_type_id(*(typeof(type) *)0, 1)))

struct {
	__uint(type, ARENA);
	__uint(map_flags, 1 << 10);
	__uint(max_entries, 1 << 20);
} arena SEC(".maps");

#define alloc_pages(count) bpf_arena_alloc_pages(&arena, NULL, count, -1, 0)

/* A map of one array element, and its lookup. */
#define VALUE_MAP(name, value_type)                                    \
	struct {                                                       \
		__uint(type, ARRAY);                                   \
		__uint(max_entries, 64);                               \
		__type(key, u32);                                      \
		__type(value, value_type);                             \
	} name##_map SEC(".maps");                                     \
	static __always_inline value_type *name##_at(u32 key)          \
	{                                                              \
		return bpf_map_lookup_elem(&name##_map, &key);         \
	}

/* A program; what it does is the body that follows. */
#define PROGRAM(name) SEC("tp_btf/" #name) int name(u64 *ctx)

/* So that the object has these types even where only helpers speak of them. */
struct task_struct *some_task;
struct cgroup *some_group;

char _license[] SEC("license") = "GPL";
