/* SPDX-License-Identifier: GPL-2.0 */
/* The integer is passed to a function that takes a pointer. */
// expect: struct value.node -> struct node arena
#include "case.bpf.h"

struct node {
	u64 count;
	u32 color;
};
struct value {
	u64 node;
};
VALUE_MAP(value, struct value)

static __noinline void paint(struct node __arena *n, u32 color)
{
	n->color = color;
	n->count++;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	asm volatile("" ::"r"(&arena));
	if (v) {
		paint((struct node __arena *)v->node, 1);
		paint((struct node __arena *)v->node, bpf_get_prandom_u32());
	}
	return 0;
}
