/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A three-level radix tree of fixed-size elements in a BPF arena.
 *
 * Structures and names are those of sdt_alloc in https://github.com/sched-ext/scx, so that whatever reads that
 * allocator reads this one. In short:
 *
 *   scx_allocator.root -> sdt_desc -> sdt_chunk.descs[512] -> ... (two levels of descs) ... -> sdt_chunk.data[512]
 *
 * - On the leaf level, bit i of allocated[] means element i is handed out.
 * - On the two inner levels, bit i means that the whole child i is full. A child that is partly used has its bit clear.
 * - nr_free is the number of clear bits.
 * - An element's index is (position on level 0) << 18 | (level 1) << 9 | (leaf).
 * - A freed element stays linked, its payload zeroed and its generation increased, and is handed out again.
 *
 * One spin lock protects the tree and the pools. Pages are allocated outside it, since that may sleep.
 */
#pragma once

#define SDT_LEVELS 3
#define SDT_ENTRIES_SHIFT 9
#define SDT_ENTRIES (1 << SDT_ENTRIES_SHIFT)
#define SDT_BITMAP_WORDS (SDT_ENTRIES / 64)
#define SDT_MIN_ELEMS 8
#define SDT_ATTEMPTS 32
#define SDT_MAX_PAYLOAD_WORDS 128

union sdt_id {
	s64 val;
	struct {
		s32 idx;
		s32 genn;
	};
};

struct sdt_chunk;

struct sdt_desc {
	u64 allocated[SDT_BITMAP_WORDS];
	u64 nr_free;
	struct sdt_chunk __arena *chunk;
};

struct sdt_data {
	union sdt_id tid;
	u64 payload[];
};

struct sdt_chunk {
	union {
		struct sdt_desc __arena *descs[SDT_ENTRIES];
		struct sdt_data __arena *data[SDT_ENTRIES];
	};
};

/* A run of pages cut into elements of one size: elements 0..idx-1 are in use. */
struct sdt_pool {
	void __arena *slab;
	u64 elem_size;
	u64 max_elems;
	u64 idx;
};

struct scx_allocator {
	struct sdt_pool pool;
	struct sdt_desc __arena *root;
};

struct scx_alloc_stats {
	u64 chunk_allocs;
	u64 data_allocs;
	u64 alloc_ops;
	u64 free_ops;
	u64 active_allocs;
	u64 arena_pages_used;
};

struct sdt_pool desc_pool;
struct sdt_pool chunk_pool;
struct scx_alloc_stats alloc_stats;

private(SDT_LOCK) struct bpf_spin_lock sdt_lock;

/* How many elements of each pool the worst allocation takes: two new inner levels and one element. */
enum { SDT_NEED_DESCS = 2, SDT_NEED_CHUNKS = 2, SDT_NEED_ELEMS = 1 };

static __always_inline bool sdt_pool_has(const struct sdt_pool *pool, u64 need)
{
	return pool->slab && pool->idx + need <= pool->max_elems;
}

/* Makes sure that `pool` has `need` elements. May sleep. */
static __noinline int sdt_pool_fill(struct sdt_pool *pool, u64 need)
{
	u32 pages = (SDT_MIN_ELEMS * pool->elem_size + PAGE_SIZE - 1) / PAGE_SIZE;
	void __arena *slab;
	bool installed = false;

	slab = bpf_arena_alloc_pages(&arena, NULL, pages, NUMA_NO_NODE, 0);
	if (!slab)
		return -ENOMEM;

	bpf_spin_lock(&sdt_lock);
	if (!sdt_pool_has(pool, need)) {
		pool->slab = slab;
		pool->max_elems = pages * PAGE_SIZE / pool->elem_size;
		pool->idx = 0;
		alloc_stats.arena_pages_used += pages;
		installed = true;
	}
	bpf_spin_unlock(&sdt_lock);

	if (!installed)
		bpf_arena_free_pages(&arena, slab, pages);
	return 0;
}

/* The lock is held and sdt_pool_has() said yes. */
static __always_inline void __arena *sdt_pool_take(struct sdt_pool *pool)
{
	return (char __arena *)pool->slab + pool->elem_size * pool->idx++;
}

static __always_inline struct sdt_desc __arena *sdt_new_desc(void)
{
	struct sdt_desc __arena *desc = sdt_pool_take(&desc_pool);

	desc->nr_free = SDT_ENTRIES;
	desc->chunk = sdt_pool_take(&chunk_pool);
	alloc_stats.chunk_allocs++;
	return desc;
}

static __always_inline u32 sdt_lowest_bit(u64 word)
{
	u64 below = (word & -word) - 1;

	below -= (below >> 1) & 0x5555555555555555ULL;
	below = (below & 0x3333333333333333ULL) + ((below >> 2) & 0x3333333333333333ULL);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (below * 0x0101010101010101ULL) >> 56;
}

/* Position of the first clear bit, or SDT_ENTRIES. */
static __noinline u32 sdt_first_clear(struct sdt_desc __arena *desc)
{
	u32 word;

	for (word = 0; word < SDT_BITMAP_WORDS; word++) {
		u64 clear = ~desc->allocated[word];

		if (clear)
			return word * 64 + sdt_lowest_bit(clear);
	}
	return SDT_ENTRIES;
}

/* Sets a bit; true if that was the last clear one. */
static __always_inline bool sdt_set(struct sdt_desc __arena *desc, u32 position)
{
	desc->allocated[position / 64] |= 1ULL << (position & 63);
	return --desc->nr_free == 0;
}

/* Clears a bit; true if none was clear before. */
static __always_inline bool sdt_clear(struct sdt_desc __arena *desc, u32 position)
{
	desc->allocated[position / 64] &= ~(1ULL << (position & 63));
	return desc->nr_free++ == 0;
}

static __always_inline struct sdt_desc __arena *sdt_child(struct sdt_desc __arena *parent, u32 position)
{
	struct sdt_desc __arena *child = parent->chunk->descs[position];

	if (!child) {
		child = sdt_new_desc();
		parent->chunk->descs[position] = child;
	}
	return child;
}

/* The lock is held and the pools are filled. NULL when all 2^27 elements are handed out. */
static __noinline struct sdt_data __arena *sdt_alloc_locked(struct scx_allocator *alloc)
{
	struct sdt_desc __arena *root = alloc->root, *middle, *leaf;
	struct sdt_data __arena *data;
	u32 first, second, third;

	first = sdt_first_clear(root);
	if (first >= SDT_ENTRIES)
		return NULL;
	middle = sdt_child(root, first);
	second = sdt_first_clear(middle);
	if (second >= SDT_ENTRIES)
		return NULL;
	leaf = sdt_child(middle, second);
	third = sdt_first_clear(leaf);
	if (third >= SDT_ENTRIES)
		return NULL;

	if (sdt_set(leaf, third) && sdt_set(middle, second))
		sdt_set(root, first);

	data = leaf->chunk->data[third];
	if (!data) {
		data = sdt_pool_take(&alloc->pool);
		leaf->chunk->data[third] = data;
		alloc_stats.data_allocs++;
	}
	data->tid.idx = first << (2 * SDT_ENTRIES_SHIFT) | second << SDT_ENTRIES_SHIFT | third;
	alloc_stats.alloc_ops++;
	alloc_stats.active_allocs++;
	return data;
}

/* An element with a zeroed payload, or NULL. May sleep. */
static __noinline struct sdt_data __arena *scx_alloc(struct scx_allocator *alloc)
{
	struct sdt_data __arena *data = NULL;
	u32 attempt;

	for (attempt = 0; attempt < SDT_ATTEMPTS; attempt++) {
		struct sdt_pool *empty = NULL;

		bpf_spin_lock(&sdt_lock);
		if (!sdt_pool_has(&desc_pool, SDT_NEED_DESCS))
			empty = &desc_pool;
		else if (!sdt_pool_has(&chunk_pool, SDT_NEED_CHUNKS))
			empty = &chunk_pool;
		else if (!sdt_pool_has(&alloc->pool, SDT_NEED_ELEMS))
			empty = &alloc->pool;
		else
			data = sdt_alloc_locked(alloc);
		bpf_spin_unlock(&sdt_lock);

		if (!empty || sdt_pool_fill(empty, SDT_NEED_DESCS))
			break;
	}
	return data;
}

/* Payload zeroed, generation increased, index 0, and only then the bits: whoever sees the bit clear sees the rest. */
static __noinline void scx_free(struct scx_allocator *alloc, struct sdt_data __arena *data)
{
	struct sdt_desc __arena *root = alloc->root, *middle, *leaf;
	u32 words = (alloc->pool.elem_size - sizeof(*data)) / 8;
	s32 idx = data->tid.idx;
	u32 i;

	for (i = 0; i < SDT_MAX_PAYLOAD_WORDS && i < words; i++) {
		data->payload[i] = 0;
		barrier(); /* the compiler must not make it a memset: it knows none for arena memory */
	}
	data->tid.genn++;
	data->tid.idx = 0;

	bpf_spin_lock(&sdt_lock);
	middle = root->chunk->descs[(idx >> (2 * SDT_ENTRIES_SHIFT)) & (SDT_ENTRIES - 1)];
	leaf = middle->chunk->descs[(idx >> SDT_ENTRIES_SHIFT) & (SDT_ENTRIES - 1)];
	if (sdt_clear(leaf, idx & (SDT_ENTRIES - 1)) &&
	    sdt_clear(middle, (idx >> SDT_ENTRIES_SHIFT) & (SDT_ENTRIES - 1)))
		sdt_clear(root, (idx >> (2 * SDT_ENTRIES_SHIFT)) & (SDT_ENTRIES - 1));
	alloc_stats.free_ops++;
	alloc_stats.active_allocs--;
	bpf_spin_unlock(&sdt_lock);
}

/* Prepares an allocator of elements with `data_size` bytes of payload. May sleep. */
static __noinline int scx_alloc_init(struct scx_allocator *alloc, u64 data_size)
{
	int err;

	desc_pool.elem_size = sizeof(struct sdt_desc);
	chunk_pool.elem_size = sizeof(struct sdt_chunk);
	alloc->pool.elem_size = (data_size + sizeof(struct sdt_data) + 7) / 8 * 8;

	err = sdt_pool_fill(&desc_pool, SDT_NEED_DESCS);
	if (!err)
		err = sdt_pool_fill(&chunk_pool, SDT_NEED_CHUNKS);
	if (!err) {
		bpf_spin_lock(&sdt_lock);
		alloc->root = sdt_new_desc();
		bpf_spin_unlock(&sdt_lock);
	}
	return err;
}
