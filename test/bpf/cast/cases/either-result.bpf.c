/* SPDX-License-Identifier: GPL-2.0 */
/* A function returns one of two fields, and the caller follows the result: that says nothing of either. */
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 node;
	u64 number;
};
VALUE_MAP(value, struct value)

static __noinline u64 pick(struct value *v, u32 which)
{
	if (which & 4)
		return v->node;
	barrier();
	return v->number;
}

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct node __arena *n;

	asm volatile("" ::"r"(&arena));
	if (!v)
		return 0;
	n = (struct node __arena *)pick(v, 4 | bpf_get_prandom_u32());
	n->count++;
	return pick(v, bpf_get_prandom_u32() & 3) > 5;
}
