/* SPDX-License-Identifier: GPL-2.0 */
/* The start of a chunk is made of an address by a mask: a number goes into something in the arena. */
// withheld: struct node.owner
#include "case.bpf.h"

struct node {
	u64 value;
	u64 owner;
};
struct chunk {
	u64 magic;
	u64 free;
};
struct node __arena *head;
u64 anywhere;

PROGRAM(typed)
{
	struct node __arena *n = head;

	if (n) {
		n->value = 1;
		n->owner = (u64)bpf_get_current_task_btf();
	}
	return 0;
}

PROGRAM(masked)
{
	struct chunk __arena *c = (struct chunk __arena *)(anywhere & ~0xfffffull);

	asm volatile("" ::"r"(&arena));
	c->free = bpf_ktime_get_ns();
	return 0;
}
