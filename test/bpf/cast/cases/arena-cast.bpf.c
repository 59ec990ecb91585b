/* SPDX-License-Identifier: GPL-2.0 */
/* The integer is cast and followed: an arena pointer of unknown type. */
// expect: struct value.node -> ? arena
#include "case.bpf.h"

struct node {
	u64 count;
	u32 color;
};
struct value {
	u64 node;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct node __arena *n;

	asm volatile("" ::"r"(&arena));
	if (!v)
		return 0;
	n = (struct node __arena *)v->node;
	if (n)
		n->color = 1;
	return 0;
}
