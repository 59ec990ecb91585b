/* SPDX-License-Identifier: GPL-2.0 */
/* A function returns what it is given. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
	u64 time;
};
VALUE_MAP(value, struct value)
u64 calls;

static __noinline u64 noted(u64 word)
{
	calls++;
	return word;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->task = noted((u64)bpf_get_current_task_btf());
	v->time = noted(bpf_ktime_get_ns());
	return 0;
}
