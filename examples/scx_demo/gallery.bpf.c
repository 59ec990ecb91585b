/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gallery: a map of every type and a global variable of every kind, filled once with contents that depend on nothing
 * but the index (and the CPU number, in per-CPU maps). README.md lists the formulas. `bpftool prog run` runs
 * gallery_fill once; nothing writes afterwards.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kfuncs.bpf.h"
#include "gallery_types.bpf.h"
#include "gallery_maps.bpf.h"
#include "gallery_globals.bpf.h"

char _license[] SEC("license") = "GPL";

#define MAX_CPUS 64
#define RING_WORDS_MAX 4

static __always_inline void fill_specimen(struct specimen *specimen, u32 number, u32 cpu)
{
	__builtin_memset(specimen, 0, sizeof(*specimen));
	specimen->number = number;
	specimen->cpu = cpu;
	specimen->text[0] = 'a' + number % 26;
	specimen->text[1] = 'A' + cpu % 26;
}

static __noinline void fill_record(struct record *record, u32 i)
{
	__builtin_memset(record, 0, sizeof(*record));
	record->id = i;
	record->shade = i % 3 == 0 ? SHADE_RED : i % 3 == 1 ? SHADE_GREEN : SHADE_BLUE;
	record->temperature = i % 2 ? TEMPERATURE_COLD : TEMPERATURE_HOT;
	record->position.x = 10 * i;
	record->position.y = -10 * (s32)i;
	record->corners[0].x = i;
	record->corners[1].y = -(s32)i;
	record->flags.ready = i & 1;
	record->flags.level = i & 7;
	record->flags.count = 100 * i;
	record->flags.rest = 4095 - i;
	record->flags.delta = -(s32)i;
	record->flags.shift = -1000 * (s32)i;
	record->flags.wide = 0x1000000001ULL * i;
	record->flags.narrow = i;
	record->word.raw = 0x0101010101010101ULL * i;
	record->name[0] = 'r';
	record->name[1] = '0' + i % 10;
	record->balance = -1000000000000LL * i;
	record->matrix[0][0] = i;
	record->matrix[1][2] = 2 * i;
	record->ok = i & 1;
	record->tail = 255 - i;
	record->distance = i % 2 ? DISTANCE_FAR : DISTANCE_NEAR;
	record->nested.inner = i * i;
	record->nested.origin.x = i + 1;
}

static __noinline void fill_arrays(void)
{
	struct packed_pair odd;
	struct record *record;
	u32 i, *word;

	for (i = 0; i < 8; i++) {
		u32 key = i;

		record = bpf_map_lookup_elem(&records, &key);
		if (record)
			fill_record(record, i);
	}
	for (i = 0; i < 5; i++) {
		u32 key = i;

		odd.first = i;
		odd.second = 0x1111111111111111ULL * i;
		bpf_map_update_elem(&odd_sizes, &key, &odd, BPF_ANY);
	}
	bpf_for(i, 0, 1500) {
		u32 key = i;

		word = bpf_map_lookup_elem(&mmap_words, &key);
		if (word)
			*word = 0x100 + key;
	}
}

static __noinline void fill_cpu_maps(void)
{
	struct specimen specimen;
	u32 cpu, i;
	u64 wide;
	u16 key16;
	u8 byte;

	for (i = 0; i < 3; i++) {
		fill_specimen(&specimen, i, 0);
		wide = 1000 + i;
		bpf_map_update_elem(&cpu_hash, &wide, &specimen, BPF_ANY);
	}
	for (i = 0; i < 10; i++) {
		u32 key = i;

		key16 = 0x100 + key;
		byte = 0;
		bpf_map_update_elem(&cpu_hash_small, &key16, &byte, BPF_ANY);
		wide = 0;
		bpf_map_update_elem(&recent_cpu, &key, &wide, BPF_ANY);
	}
	bpf_for(cpu, 0, MAX_CPUS) {
		u32 this_cpu = cpu;

		for (i = 0; i < 10; i++) {
			struct specimen *slot;
			u64 *count;
			u8 *small;
			u32 key = i;

			wide = 1000 + i;
			key16 = 0x100 + i;
			if (i < 3 && (slot = bpf_map_lookup_percpu_elem(&cpu_specimens, &key, this_cpu)))
				fill_specimen(slot, i, this_cpu);
			if (i < 3 && (slot = bpf_map_lookup_percpu_elem(&cpu_hash, &wide, this_cpu)))
				fill_specimen(slot, i, this_cpu);
			if (i < 4 && (small = bpf_map_lookup_percpu_elem(&cpu_bytes, &key, this_cpu)))
				*small = 16 * i + this_cpu;
			if ((small = bpf_map_lookup_percpu_elem(&cpu_hash_small, &key16, this_cpu)))
				*small = 16 * i + this_cpu;
			if ((count = bpf_map_lookup_percpu_elem(&recent_cpu, &key, this_cpu)))
				*count = 1000 * i + this_cpu;
		}
	}
}

static __noinline void fill_hashes(void)
{
	struct pair_key pair_key;
	struct pair_value pair_value;
	struct specimen specimen;
	char name[12];
	u32 i;

	bpf_for(i, 0, 10) {
		u32 n = i;

		__builtin_memset(name, 0, sizeof(name));
		__builtin_memcpy(name, "name-", 5);
		name[5] = '0' + n;
		fill_specimen(&specimen, n, 0);
		bpf_map_update_elem(&by_name, name, &specimen, BPF_ANY);
	}
	bpf_for(i, 0, 37) {
		u32 n = i;

		__builtin_memset(&pair_key, 0, sizeof(pair_key));
		__builtin_memset(&pair_value, 0, sizeof(pair_value));
		pair_key.first = n;
		pair_key.second = 0x100000000ULL * n;
		pair_value.product = n * n;
		pair_value.sum = n + n;
		pair_value.letters[0] = 'a' + n % 26;
		bpf_map_update_elem(&by_pair, &pair_key, &pair_value, BPF_ANY);
	}
	bpf_for(i, 0, 5000) {
		u64 key = 0x10000ULL + i, value = key * key;

		bpf_map_update_elem(&many, &key, &value, BPF_ANY);
	}
	bpf_for(i, 0, 20) {
		u32 key = 7 * i;
		u64 value = 3 * key;

		fill_specimen(&specimen, i, 0);
		bpf_map_update_elem(&recent, &key, &specimen, BPF_ANY);
		bpf_map_update_elem(&recent_split, &key, &value, BPF_ANY);
	}
}

static __always_inline void add_prefix(u8 a, u8 b, u8 c, u8 d, u32 length, u32 value)
{
	struct prefix prefix = { .length = length, .address = { a, b, c, d } };

	bpf_map_update_elem(&prefixes, &prefix, &value, BPF_ANY);
}

static __noinline void fill_prefixes(void)
{
	add_prefix(0, 0, 0, 0, 0, 1);
	add_prefix(10, 0, 0, 0, 8, 2);
	add_prefix(10, 1, 0, 0, 16, 3);
	add_prefix(10, 1, 9, 0, 24, 4);
	add_prefix(10, 2, 0, 0, 16, 5);
	add_prefix(192, 168, 1, 1, 32, 6);
	add_prefix(192, 168, 1, 129, 25, 7);
}

/* fifo wraps around: 0..4 pushed, three popped, 0x9000..0x9003 pushed. */
static __noinline void fill_queues(void)
{
	struct specimen specimen;
	u64 value;
	u32 i;

	for (i = 0; i < 5; i++) {
		u32 number = i;

		value = number;
		bpf_map_push_elem(&fifo, &value, 0);
		fill_specimen(&specimen, number, 0);
		bpf_map_push_elem(&lifo, &specimen, 0);
		bpf_map_push_elem(&seen, &number, 0);
	}
	for (i = 0; i < 3; i++)
		bpf_map_pop_elem(&fifo, &value);
	for (i = 0; i < 4; i++) {
		value = 0x9000 + i;
		bpf_map_push_elem(&fifo, &value, 0);
	}
}

/* Record n: 1 + n % 4 words, the first 0x5242000000000000 + n, the others n. Every n % 8 == 2 is discarded: one word. */
static __noinline void fill_ring(u32 first, u32 count)
{
	u32 i;

	bpf_for(i, 0, count) {
		u32 n = first + i;
		u64 words[RING_WORDS_MAX] = { 0x5242000000000000ULL + n, n, n, n };

		if (n % 8 == 2) {
			u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

			if (record)
				bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
			continue;
		}
		bpf_ringbuf_output(&ring, words, 8 + 8 * (n % RING_WORDS_MAX), BPF_RB_NO_WAKEUP);
	}
}

static __noinline void fill_inner_maps(void)
{
	u32 i, value;

	for (i = 0; i < 2; i++) {
		u32 key = i;

		value = 0x5000 + key;
		bpf_map_update_elem(&inner_a, &key, &value, BPF_ANY);
		value = 0x6000 + key;
		bpf_map_update_elem(&inner_b, &key, &value, BPF_ANY);
	}
}

static __noinline void fill_globals(void)
{
	struct task_struct *task;
	u32 i;

	bss_magic = 0xdeadbeefcafef00dULL;
	bss_fills++;
	for (i = 0; i < 4; i++)
		bss_words[i] = 0x1111 * (i + 1);
	fill_record(&bss_record, 7);
	bss_small_pointer = (u64 *)0x10;
	bss_static = LINUX_KERNEL_VERSION > 0 ? -1 : 0;
	cold_words[0] = cold_table[3];
	cold_words[1] = hot_specimen.number;
	task = bpf_task_from_pid(1);
	if (task) {
		bss_task = task;
		bpf_task_release(task);
	}
}

static bool tree_less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	const struct tree_item *item_a = container_of(a, struct tree_item, node);
	const struct tree_item *item_b = container_of(b, struct tree_item, node);

	return item_a->key < item_b->key;
}

static __always_inline void add_graph_items(u64 number, u64 key)
{
	struct list_item *item = bpf_obj_new_impl(bpf_core_type_id_local(struct list_item), NULL);
	struct tree_item *leaf;

	if (item) {
		item->number = number;
		bpf_spin_lock(&graph_lock);
		bpf_list_push_back_impl(&graph_list, &item->link, NULL, 0);
		bpf_spin_unlock(&graph_lock);
	}
	leaf = bpf_obj_new_impl(bpf_core_type_id_local(struct tree_item), NULL);
	if (leaf) {
		leaf->key = key;
		leaf->value = key * key;
		bpf_spin_lock(&graph_lock);
		bpf_rbtree_add_impl(&graph_tree, &leaf->node, tree_less, NULL, 0);
		bpf_spin_unlock(&graph_lock);
	}
}

SEC("tc") int gallery_fill(struct __sk_buff *skb)
{
	if (bss_fills)
		return 1;
	fill_arrays();
	fill_cpu_maps();
	fill_hashes();
	fill_prefixes();
	fill_queues();
	fill_ring(0, 12);
	fill_inner_maps();
	fill_globals();
	add_graph_items(100, 5);
	add_graph_items(200, 1);
	add_graph_items(300, 9);
	add_graph_items(400, 7);
	return 0;
}

/* Run after a reader has consumed what gallery_fill() wrote: brings the ring buffer's end past its wrap. */
SEC("tc") int gallery_wrap_ring(struct __sk_buff *skb)
{
	fill_ring(12, 150);
	return 0;
}

/* Names the maps that no other program uses, so that they are loaded. */
SEC("xdp") int gallery_redirect(struct xdp_md *ctx)
{
	u32 key = ctx->rx_queue_index & 3;

	switch (ctx->ingress_ifindex & 3) {
	case 0:
		return bpf_redirect_map(&cpu_targets, key, XDP_PASS);
	case 1:
		return bpf_redirect_map(&devices, key, XDP_PASS);
	case 2:
		return bpf_redirect_map(&device_hash, key, XDP_PASS);
	default:
		return bpf_redirect_map(&xdp_sockets, key, XDP_PASS);
	}
}
