/* SPDX-License-Identifier: GPL-2.0 */
/* A function follows its parameter only where another says so. */
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 node;
	u64 number;
};
VALUE_MAP(value, struct value)

static __noinline u64 look(u64 word, u32 is_node)
{
	if (is_node) {
		struct node __arena *n = (struct node __arena *)word;

		return n->count;
	}
	return word;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	asm volatile("" ::"r"(&arena));
	return v ? look(v->node, bpf_get_prandom_u32() | 1) + look(v->number, bpf_get_prandom_u32() & 0) : 0;
}
