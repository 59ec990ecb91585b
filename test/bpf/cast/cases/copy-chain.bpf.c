/* SPDX-License-Identifier: GPL-2.0 */
/* From field to field to field. */
// expect: struct value.a -> struct task_struct kernel
// expect: struct value.b -> struct task_struct kernel
// expect: struct value.c -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 a, b, c;
};
VALUE_MAP(value, struct value)

PROGRAM(one)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->c = v->b;
	barrier();
	v->b = v->a;
	return 0;
}

PROGRAM(two)
{
	struct value *v = value_at(0);

	if (v)
		v->a = (u64)bpf_get_current_task_btf();
	return 0;
}
