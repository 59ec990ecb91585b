/* SPDX-License-Identifier: GPL-2.0 */
/* A flag that a function returns through a pointer lies on the stack of its caller. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)

static __noinline int pick(u64 seed, u64 unused, bool *is_idle)
{
	*is_idle = seed & 1;
	return seed >> 32;
}

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	bool is_idle = 0;
	int cpu;

	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	cpu = pick(bpf_ktime_get_ns(), 0, &is_idle);
	return is_idle ? cpu : 0;
}
