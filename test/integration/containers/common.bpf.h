/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Structures as the arena library of https://github.com/sched-ext/scx lays them out, memory for them, and what the program says
 * of itself: rows of the map `truth`.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))
#define PAGE 4096
#define REGION_PAGES 64
#define OF(type) struct type __arena *
/* Functions that are verified by themselves: their types stay in BTF. */
#define IN(type, name) struct type __arena *name __arg_arena

void __arena *bpf_arena_alloc_pages(void *map, void __arena *address, u32 pages, int node, u64 flags) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__ulong(map_extra, 1ull << 44);
} arena SEC(".maps");

enum what {
	TREE,
	BTREE,
	HEAP,
	FIFO,
	BY_VTIME,
	PRIORITY,
	ALTERNATING,
	BALANCED,
	WORK,
	BITS,
	TOPOLOGY,
	CGROUP,
	THROTTLED,
};

struct row {
	u32 what;
	u32 more;
	u64 key;
	u64 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct row);
} truth SEC(".maps");

u32 rows;

__weak int note(u32 what, u64 key, u64 value, u32 more)
{
	u32 at = __sync_fetch_and_add(&rows, 1);
	struct row *row = bpf_map_lookup_elem(&truth, &at);

	if (!row)
		return -1;
	row->what = what;
	row->more = more;
	row->key = key;
	row->value = value;
	return 0;
}

struct scx_static {
	u64 max_alloc_bytes;
	void __arena *memory;
	u64 off;
} scx_static;

/* Memory that is never given back; programs run one after the other. */
#define take(...) ((void __arena *)take_at(__VA_ARGS__))
__weak u64 take_at(u64 bytes)
{
	void __arena *memory;

	if (!scx_static.memory) {
		scx_static.memory = bpf_arena_alloc_pages(&arena, NULL, REGION_PAGES, -1, 0);
		scx_static.max_alloc_bytes = REGION_PAGES * PAGE;
	}
	bytes = (bytes + 7) / 8 * 8;
	if (!scx_static.memory || scx_static.off + bytes > scx_static.max_alloc_bytes)
		return 0;
	memory = (char __arena *)scx_static.memory + scx_static.off;
	scx_static.off += bytes;
	return (u64)memory;
}

union sdt_id {
	s64 val;
	struct {
		s32 idx;
		s32 genn;
	};
};

/* Numbers that look random, each once: 37 and 101 have no common divisor. */
#define MIX(i) (((i) * 37) % 101)

/* Stores that the compiler joins lose the cast of their address. */
#define apart() asm volatile("" ::: "memory")

