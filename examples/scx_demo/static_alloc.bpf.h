/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bump allocator for what lives as long as the scheduler, laid out as scx_static in
 * https://github.com/sched-ext/scx: memory is the region, off the bytes handed out. Only ops.init allocates here.
 */
#pragma once

struct scx_static {
	u64 max_alloc_bytes;
	void __arena *memory;
	u64 off;
};

struct scx_static scx_static;

static __noinline int scx_static_init(u32 pages)
{
	scx_static.memory = bpf_arena_alloc_pages(&arena, NULL, pages, NUMA_NO_NODE, 0);
	if (!scx_static.memory)
		return -ENOMEM;
	scx_static.max_alloc_bytes = pages * PAGE_SIZE;
	scx_static.off = 0;
	return 0;
}

static __always_inline void __arena *scx_static_alloc(u64 bytes)
{
	void __arena *object = NULL;

	bytes = (bytes + 7) / 8 * 8;
	if (scx_static.off + bytes <= scx_static.max_alloc_bytes) {
		object = (char __arena *)scx_static.memory + scx_static.off;
		scx_static.off += bytes;
	}
	return object;
}
