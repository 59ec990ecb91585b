/* SPDX-License-Identifier: GPL-2.0 */
/* The same with null. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 count;
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 *words = (u64 *)v;
	u32 i = bpf_get_prandom_u32() & 1;

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	barrier();
	words[i] = 0;
	return 0;
}
