/* SPDX-License-Identifier: GPL-2.0 */
/* The function knows only integers; its callers agree. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 time;
	u64 task;
};
VALUE_MAP(value, struct value)

static __noinline void set(struct value *v, u64 task)
{
	v->time = bpf_ktime_get_ns();
	v->task = task;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	set(v, (u64)bpf_get_current_task_btf());
	set(v, (u64)bpf_task_from_pid(2));
	return 0;
}
