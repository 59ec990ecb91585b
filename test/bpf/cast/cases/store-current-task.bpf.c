/* SPDX-License-Identifier: GPL-2.0 */
/* bpf_get_current_task() gives the address as an integer. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct value *v = value_at(p->pid);

	if (v)
		v->task = bpf_get_current_task();
	return 0;
}
