/* SPDX-License-Identifier: GPL-2.0 */
/* Arrays of arrays. */
// expect: struct value.tasks x32 -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 count;
	u64 tasks[4][8];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->tasks[bpf_get_prandom_u32() & 3][bpf_get_prandom_u32() & 7] = (u64)bpf_get_current_task_btf();
	return 0;
}
