/* SPDX-License-Identifier: GPL-2.0 */
/* A declared arena pointer is copied into an integer. That it is one to the arena shows where it is followed. */
// expect: struct value.node -> struct node arena
#include "case.bpf.h"

struct node {
	u64 count;
	struct node __arena *next;
};
struct value {
	u64 node;
};
struct node __arena *head;
VALUE_MAP(value, struct value)

PROGRAM(writer)
{
	struct value *v = value_at(0);

	if (v)
		v->node = (u64)head;
	return 0;
}

PROGRAM(reader)
{
	struct node __arena *n = head;

	if (n)
		n->count++;
	return 0;
}
