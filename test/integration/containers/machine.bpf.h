/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of CPUs, the machine as a tree of them, and what cgroups may use of it. */
#pragma once

#include "common.bpf.h"

#define MASK_WORDS 64

struct scx_bitmap {
	union sdt_id tid;
	u64 bits[MASK_WORDS];
};

/* Words of a bitmap that are allocated. */
u64 mask_size;

#define bitmap_make(...) ((OF(scx_bitmap))bitmap_make_at(__VA_ARGS__))
__weak u64 bitmap_make_at(u64 first)
{
	OF(scx_bitmap) bitmap = take(8 + mask_size * 8);

	if (bitmap)
		bitmap->bits[0] = first;
	return (u64)bitmap;
}

enum topo_level { TOPO_TOP, TOPO_NODE, TOPO_LLC, TOPO_CORE, TOPO_CPU, TOPO_MAX_LEVEL };

struct topology {
	struct topology __arena *parent;
	u64 nr_children;
	struct scx_bitmap __arena *mask;
	enum topo_level level;
	s16 level_ids[TOPO_MAX_LEVEL];
	void __arena *data;
	struct topology __arena *children[];
};

#define CHILDREN 4

OF(scx_bitmap) idle_cpus;
OF(topology) topo_all;
/* Nodes by their numbers. */
u64 topo_nodes[TOPO_MAX_LEVEL][8];

/* What lies behind is another's: bits there are not of this set. */
#define topo_make(...) ((OF(topology))topo_make_at(__VA_ARGS__))
__weak u64 topo_make_at(IN(topology, parent), u64 cpus, s16 id)
{
	OF(topology) node = take(sizeof(*node) + CHILDREN * 8);
	u32 level = parent ? parent->level + 1 : 0;

	if (!node || level >= TOPO_MAX_LEVEL || id < 0 || id > 7)
		return 0;
	node->parent = parent;
	node->mask = bitmap_make(cpus);
	node->level = level;
	for (u32 i = 0; i < TOPO_MAX_LEVEL; i++) {
		if (i < level && parent)
			node->level_ids[i] = parent->level_ids[i];
		else
			node->level_ids[i] = i == level ? id : -22;
	}
	if (parent && parent->nr_children < CHILDREN)
		parent->children[parent->nr_children++] = node;
	topo_nodes[level][id] = (u64)node;
	return (u64)node;
}

__weak int topo_weight(IN(topology, node))
{
	return node ? node->nr_children : 0;
}

SEC("syscall")
int fill_machine(void *context)
{
	OF(topology) node;
	OF(topology) core;
	u64 weight = 0;

	mask_size = 2;
	idle_cpus = bitmap_make(0xf0f10000000000f1);
	if (!idle_cpus)
		return 0;
	idle_cpus->bits[1] = 1;
	for (u32 cpu = 0; cpu < 128; cpu++)
		if (idle_cpus->bits[cpu / 64] >> (cpu % 64) & 1)
			note(BITS, cpu, 1, 0);
	topo_all = topo_make(NULL, 0xff, 0);
	if (!topo_all)
		return 0;
	note(TOPOLOGY, 0, 0xff, TOPO_TOP);
	for (u32 n = 0; n < 2; n++) {
		u64 cpus = 0xfull << (4 * n);

		node = topo_make(topo_all, cpus, n);
		if (!node)
			return 0;
		note(TOPOLOGY, n, cpus, TOPO_NODE);
		node = topo_make(node, cpus, n);
		if (!node)
			return 0;
		note(TOPOLOGY, n, cpus, TOPO_LLC);
		for (u32 c = 2 * n; c < 2 * n + 2; c++) {
			core = topo_make(node, 3ull << (2 * c), c);
			if (!core)
				return 0;
			note(TOPOLOGY, c, 3ull << (2 * c), TOPO_CORE);
			for (u32 cpu = 2 * c; cpu < 2 * c + 2; cpu++) {
				topo_make(core, 1ull << cpu, cpu);
				note(TOPOLOGY, cpu, 1ull << cpu, TOPO_CPU);
			}
		}
	}
	for (u32 cpu = 0; cpu < 8; cpu++)
		weight += topo_weight((OF(topology))topo_nodes[TOPO_CPU][cpu]);
	return weight;
}

struct scx_cgroup_ctx {
	struct {
		u64 free_next;
		u64 id;
		u64 parent_id;
		u32 level;
		u64 quota;
		u64 period;
		u64 burst;
		u64 nquota;
		u64 nquota_ub;
		bool has_llcx;
	} __attribute__((aligned(64)));
	struct {
		bool is_throttled;
		u32 nr_throttled_periods;
		u64 period_start_clk;
		s64 burst_remaining;
		s64 period_budget;
		s64 runtime_total_sloppy;
		s64 runtime_total_last;
		u64 avg_consumption_rate;
	} __attribute__((aligned(64)));
};

struct scx_cgroup_llc_ctx {
	u64 free_next;
	u64 id;
	s64 runtime_total;
	struct scx_atq __arena *btq;
};

struct cbw_cgrp_entry {
	u64 cgx;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct cbw_cgrp_entry);
	__uint(max_entries, 64);
} cbw_cgrp_map SEC(".maps");

struct cgroup_llc_id {
	u64 cgrp_id;
	int llc_id;
} __attribute__((packed));

struct cbw_llc_entry {
	u64 llcx;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct cgroup_llc_id);
	__type(value, struct cbw_llc_entry);
	__uint(max_entries, 64);
} cbw_cgrp_llc_map SEC(".maps");

#define NO_LIMIT (~(1ull << 63))

__weak u64 cgroup_quota(IN(scx_cgroup_ctx, cgroup))
{
	return cgroup->quota;
}

__weak int cgroup_make(u64 id, u64 parent, u64 quota, u32 throttled)
{
	OF(scx_cgroup_ctx) cgroup = take(sizeof(*cgroup));
	struct cbw_cgrp_entry entry = { (u64)cgroup };

	if (!cgroup)
		return -1;
	cgroup->id = id;
	cgroup->parent_id = parent;
	cgroup->quota = quota;
	cgroup->period = 100000000;
	cgroup->nquota = quota;
	cgroup->is_throttled = throttled;
	cgroup->nr_throttled_periods = throttled;
	cgroup->period_budget = -5000 * (s64)id;
	return bpf_map_update_elem(&cbw_cgrp_map, &id, &entry, BPF_ANY);
}

/* A function with types: BTF keeps the struct. */
__weak s64 llc_runtime(IN(scx_cgroup_llc_ctx, context))
{
	return context->runtime_total;
}

__weak int llc_make(u64 id, int llc, IN(scx_atq, queue))
{
	OF(scx_cgroup_llc_ctx) context = take(sizeof(*context));
	struct cbw_llc_entry entry = { (u64)context };
	struct cgroup_llc_id key = { id, llc };

	if (!context)
		return -1;
	context->id = id;
	context->runtime_total = 100 * (id + llc);
	context->btq = queue;
	if (llc_runtime(context) < 0)
		return -1;
	return bpf_map_update_elem(&cbw_cgrp_llc_map, &key, &entry, BPF_ANY);
}

__weak int note_cgroup(u64 id)
{
	struct cbw_cgrp_entry *entry = bpf_map_lookup_elem(&cbw_cgrp_map, &id);
	OF(scx_cgroup_ctx) cgroup;

	if (!entry)
		return 0;
	cgroup = (OF(scx_cgroup_ctx))entry->cgx;
	note(CGROUP, cgroup->id, cgroup_quota(cgroup), cgroup->is_throttled);
	return 0;
}
