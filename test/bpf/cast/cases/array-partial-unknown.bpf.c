/* SPDX-License-Identifier: GPL-2.0 */
/* Elements are copied from one another, and one comes from outside. */
// withheld: struct value.tasks
#include "case.bpf.h"

struct value {
	u64 count;
	u64 tasks[16];
};
VALUE_MAP(value, struct value)

__noinline int put(struct value *v, u64 word)
{
	if (v)
		v->tasks[0] = word;
	return 0;
}

PROGRAM(program)
{
	struct value *v = value_at(0);
	u32 i = bpf_get_prandom_u32() & 15;

	if (!v)
		return 0;
	v->tasks[i] = (u64)bpf_get_current_task_btf();
	v->tasks[(i + 1) & 15] = v->tasks[i];
	return put(v, 3);
}
