/* SPDX-License-Identifier: GPL-2.0 */
/* Nobody reads the result, so the compiler drops it: what R0 holds at the end is anything. */
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 number;
	u64 other;
};
struct value *table[4];
VALUE_MAP(value, struct value)

static __noinline struct node *touch(struct value *v)
{
	u64 number = v->number;

	v->other = number * 3;
	barrier();
	return (struct node *)number;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		touch(v);
	v = value_at(1);
	if (v)
		touch(v);
	return 0;
}
