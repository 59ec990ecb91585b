/* SPDX-License-Identifier: GPL-2.0 */
/* The integer is returned by a function that returns a pointer. */
// expect: struct value.node -> struct node arena
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 node;
};
VALUE_MAP(value, struct value)

static __noinline struct node __arena *node_at(u32 key)
{
	struct value *v = value_at(key);

	return v ? (struct node __arena *)v->node : NULL;
}

PROGRAM(program)
{
	struct node __arena *n = node_at(bpf_get_prandom_u32());

	asm volatile("" ::"r"(&arena));
	if (n)
		n->count++;
	n = node_at(7);
	if (n)
		n->count--;
	return 0;
}
