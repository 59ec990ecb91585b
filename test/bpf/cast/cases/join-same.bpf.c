/* SPDX-License-Identifier: GPL-2.0 */
/* Both paths bring the same kind of pointer. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct task_struct *p;

	if (!v)
		return 0;
	if (bpf_get_prandom_u32() & 1)
		p = bpf_get_current_task_btf();
	else
		p = bpf_task_from_pid(1);
	v->task = (u64)p;
	return 0;
}
