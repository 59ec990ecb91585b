/* SPDX-License-Identifier: GPL-2.0 */
/* A tree whose inner words lead to nodes, and whose leaves hold what somebody passes: a number for all that is known. */
// withheld: struct node.word
#include "case.bpf.h"

struct node {
	u64 is_leaf;
	u64 word;
};

__weak int set(struct node __arena *node, u64 value)
{
	if (!node)
		return 0;
	if (node->is_leaf)
		node->word = value;
	else
		node->word = (u64)alloc_pages(1);
	return 0;
}

__weak int get(struct node __arena *node)
{
	if (!node || node->is_leaf)
		return 0;
	node = (struct node __arena *)node->word;
	return node ? node->is_leaf : 0;
}

PROGRAM(program)
{
	struct node __arena *node = (struct node __arena *)alloc_pages(1);

	set(node, bpf_ktime_get_ns());
	return get(node);
}
