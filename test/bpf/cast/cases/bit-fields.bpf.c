/* SPDX-License-Identifier: GPL-2.0 */
/* Bit-fields of 64 bits hold no pointers. */
#include "case.bpf.h"

struct value {
	u64 low : 32;
	u64 high : 32;
	u64 task;
};
// expect: struct value.task -> struct task_struct kernel
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->low = 3;
	v->high = 4;
	v->task = (u64)bpf_get_current_task_btf();
	return 0;
}
