/* SPDX-License-Identifier: GPL-2.0 */
/* Any element. */
// expect: struct value.tasks x8 -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 count;
	u64 tasks[8];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->count++;
	v->tasks[bpf_get_prandom_u32() & 7] = (u64)bpf_get_current_task_btf();
	return 0;
}
