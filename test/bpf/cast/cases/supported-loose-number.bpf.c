/* SPDX-License-Identifier: GPL-2.0 */
/* A number is stored at the same offset of an object of unknown type: that may be this field, and nothing is supported. */
// withheld: struct node.link
#include "case.bpf.h"

struct node {
	u64 value;
	u64 link;
};
u32 words[2];

__weak int use(struct node __arena *node)
{
	return node ? node->value : 0;
}

__weak int set(struct node __arena *node, u64 __arena *from)
{
	if (!node || !from)
		return 0;
	node->link = *from;
	return use((struct node __arena *)node->link);
}

PROGRAM(program)
{
	u64 __arena *any = (u64 __arena *)(u64)words[0];
	u64 __arena *other = (u64 __arena *)(u64)words[1];

	if (any && other)
		any[1] = bpf_ktime_get_ns();
	return set((struct node __arena *)alloc_pages(1), other);
}
