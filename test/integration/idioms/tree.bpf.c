/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A library that is linked to a scheduler: a tree in the arena, whose functions store through pointers that come from
 * wherever, at the offsets that fields of the scheduler have too. Nothing of that can meet a map.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

char _license[] SEC("license") = "GPL";

struct tree_node {
	u64 key;
	u64 value;
	struct tree_node __arena *parent;
	struct tree_node __arena *child[2];
};

struct tree {
	struct tree_node __arena *root;
	struct tree_node __arena *free;
};

__weak int tree_rotate(struct tree __arena *tree, struct tree_node __arena *node, u32 side)
{
	struct tree_node __arena *other;

	if (!tree || !node || side > 1)
		return -1;
	other = node->child[side];
	for (u32 i = 0; i < 32 && other; i++) {
		struct tree_node __arena *next = other->child[(side + i) & 1];

		other->key = bpf_ktime_get_ns();
		other->value = i;
		other->parent = node;
		node->child[i & 1] = next;
		node = other;
		other = next;
	}
	tree->root = node;
	return 0;
}

__weak int tree_free(struct tree __arena *tree, struct tree_node __arena *node)
{
	struct tree_node __arena *old;

	if (!tree || !node)
		return -1;
	for (u32 i = 0; i < 8; i++) {
		old = tree->free;
		node->parent = old;
		if (__sync_bool_compare_and_swap((u64 __arena *)&tree->free, (u64)old, (u64)node))
			return 0;
	}
	return -1;
}
