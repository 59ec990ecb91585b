/* SPDX-License-Identifier: GPL-2.0 */
/* The integer is stored where a pointer is declared, and that one is followed elsewhere. */
// expect: struct value.node -> struct node arena
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 node;
};
struct node __arena *current;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct node __arena *n;

	asm volatile("" ::"r"(&arena));
	if (!v)
		return 0;
	n = (struct node __arena *)v->node;
	current = n;
	if (n)
		n->count++;
	return 0;
}
