/* SPDX-License-Identifier: GPL-2.0 */
/* The same, and a number gets into the circle. */
// withheld: struct value.a
#include "case.bpf.h"

struct value {
	u64 a, b;
};
VALUE_MAP(value, struct value)

PROGRAM(one)
{
	struct value *v = value_at(0);
	u64 a;

	if (!v)
		return 0;
	a = v->a;
	v->a = v->b;
	v->b = a;
	return 0;
}

PROGRAM(two)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->a = (u64)bpf_get_current_task_btf();
	v->b = bpf_ktime_get_ns();
	return 0;
}
