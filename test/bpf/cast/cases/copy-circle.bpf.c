/* SPDX-License-Identifier: GPL-2.0 */
/* Fields that are copied from each other in a circle, and one source. */
// expect: struct value.a -> struct task_struct kernel
// expect: struct value.b -> struct task_struct kernel
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

	if (v)
		v->a = (u64)bpf_get_current_task_btf();
	return 0;
}
