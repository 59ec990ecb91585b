/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One map of every type that a plain program can have. gallery_fill() fills those that a BPF program may fill;
 * populate.c fills those that hold files of user space: sockets, network devices, cgroups, perf events.
 */
#pragma once

#define DECLARE_MAP(name, map_type, entries, key_type, value_type, flags) \
	struct {                                                          \
		__uint(type, map_type);                                   \
		__uint(map_flags, flags);                                 \
		__uint(max_entries, entries);                             \
		__type(key, key_type);                                    \
		__type(value, value_type);                                \
	} name SEC(".maps")

DECLARE_MAP(records, BPF_MAP_TYPE_ARRAY, 8, u32, struct record, 0);
DECLARE_MAP(odd_sizes, BPF_MAP_TYPE_ARRAY, 5, u32, struct packed_pair, 0);
DECLARE_MAP(mmap_words, BPF_MAP_TYPE_ARRAY, 1500, u32, u32, BPF_F_MMAPABLE);
DECLARE_MAP(cpu_specimens, BPF_MAP_TYPE_PERCPU_ARRAY, 3, u32, struct specimen, 0);
DECLARE_MAP(cpu_bytes, BPF_MAP_TYPE_PERCPU_ARRAY, 4, u32, u8, 0);

DECLARE_MAP(by_name, BPF_MAP_TYPE_HASH, 64, char[12], struct specimen, 0);
DECLARE_MAP(by_pair, BPF_MAP_TYPE_HASH, 100, struct pair_key, struct pair_value, BPF_F_NO_PREALLOC);
DECLARE_MAP(many, BPF_MAP_TYPE_HASH, 10000, u64, u64, 0);
DECLARE_MAP(empty_hash, BPF_MAP_TYPE_HASH, 16, u32, u32, 0);
DECLARE_MAP(recent, BPF_MAP_TYPE_LRU_HASH, 1024, u32, struct specimen, 0);
DECLARE_MAP(recent_split, BPF_MAP_TYPE_LRU_HASH, 1024, u32, u64, BPF_F_NO_COMMON_LRU);
DECLARE_MAP(cpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 32, u64, struct specimen, 0);
DECLARE_MAP(cpu_hash_small, BPF_MAP_TYPE_PERCPU_HASH, 32, u16, u8, BPF_F_NO_PREALLOC);
DECLARE_MAP(recent_cpu, BPF_MAP_TYPE_LRU_PERCPU_HASH, 1024, u32, u64, 0);
DECLARE_MAP(prefixes, BPF_MAP_TYPE_LPM_TRIE, 32, struct prefix, u32, BPF_F_NO_PREALLOC);

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 7);
	__type(value, u64);
} fifo SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 7);
	__type(value, struct specimen);
} lifo SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 64);
	__uint(map_extra, 3); /* hash functions */
	__type(value, u32);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} user_ring SEC(".maps");

struct inner_array {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u32);
} inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, u32);
	__array(values, struct inner_array);
} outer_array SEC(".maps") = { .values = { [0] = &inner_a, [2] = &inner_b } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, u32);
	__array(values, struct inner_array);
} outer_hash SEC(".maps") = { .values = { [1] = &inner_b, [3] = &inner_a } };

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} perf_events SEC(".maps");

DECLARE_MAP(cpu_targets, BPF_MAP_TYPE_CPUMAP, 4, u32, struct bpf_cpumap_val, 0);
DECLARE_MAP(devices, BPF_MAP_TYPE_DEVMAP, 4, u32, struct bpf_devmap_val, 0);
DECLARE_MAP(device_hash, BPF_MAP_TYPE_DEVMAP_HASH, 4, u32, struct bpf_devmap_val, 0);
DECLARE_MAP(sockets, BPF_MAP_TYPE_SOCKMAP, 4, u32, u64, 0);
DECLARE_MAP(socket_hash, BPF_MAP_TYPE_SOCKHASH, 4, u32, u64, 0);
DECLARE_MAP(xdp_sockets, BPF_MAP_TYPE_XSKMAP, 4, u32, u32, 0);
DECLARE_MAP(reuse_sockets, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, u32, u64, 0);
DECLARE_MAP(cgroups, BPF_MAP_TYPE_CGROUP_ARRAY, 4, u32, u32, 0);

DECLARE_MAP(task_notes, BPF_MAP_TYPE_TASK_STORAGE, 0, int, struct specimen, BPF_F_NO_PREALLOC);
DECLARE_MAP(cgroup_notes, BPF_MAP_TYPE_CGRP_STORAGE, 0, int, struct specimen, BPF_F_NO_PREALLOC);
DECLARE_MAP(inode_notes, BPF_MAP_TYPE_INODE_STORAGE, 0, int, struct specimen, BPF_F_NO_PREALLOC);
DECLARE_MAP(socket_notes, BPF_MAP_TYPE_SK_STORAGE, 0, int, struct specimen, BPF_F_NO_PREALLOC);
