/* SPDX-License-Identifier: GPL-2.0 */
/* The index is one less: the offset in the instruction lies before the array. */
// expect: struct value.tasks x4 -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 times[4];
	u64 tasks[4];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u32 i = bpf_get_prandom_u32() & 3;

	if (!v || !i)
		return 0;
	v->tasks[i - 1] = (u64)bpf_get_current_task_btf();
	return 0;
}
