/* SPDX-License-Identifier: GPL-2.0 */
/* A function returns a pointer as an integer. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

static __noinline u64 find(u32 pid)
{
	struct task_struct *p = bpf_task_from_pid(pid);

	if (!p)
		p = bpf_get_current_task_btf();
	return (u64)p;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->task = find(bpf_get_prandom_u32());
	if (!v->task)
		v->task = find(1);
	return 0;
}
