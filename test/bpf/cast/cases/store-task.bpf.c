/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer from a helper with a declared result is stored as an integer. */
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

	if (!v)
		return 0;
	v->count++;
	v->task = (u64)bpf_get_current_task_btf();
	return 0;
}
