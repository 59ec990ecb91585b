/* SPDX-License-Identifier: GPL-2.0 */
/* The same, and what is dropped would have made a pointer of a number. */
#include "case.bpf.h"

struct node {
	u64 x;
};
struct value {
	u64 number;
	u64 count;
};
VALUE_MAP(value, struct value)

static __noinline u64 use(struct node *unused, u64 number, struct value *v)
{
	v->count = number * 3;
	return number;
}

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct value *w = value_at(1);

	if (!v || !w)
		return 0;
	return use(NULL, v->number, w) + use(NULL, w->number, v);
}
