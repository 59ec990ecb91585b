/* SPDX-License-Identifier: GPL-2.0 */
/* Two arrays next to each other: pointers in one, numbers in the other. */
// expect: struct value.tasks x16 -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 tasks[16];
	u64 times[16];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u32 i = bpf_get_prandom_u32() & 15;

	if (!v)
		return 0;
	v->tasks[i] = (u64)bpf_get_current_task_btf();
	v->times[i] = bpf_ktime_get_ns();
	return 0;
}
