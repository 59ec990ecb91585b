/* SPDX-License-Identifier: GPL-2.0 */
/* Far jumps and switches. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 a, b, c, task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 task = 0;

	if (!v)
		return 0;
	switch (bpf_get_prandom_u32() & 7) {
	case 0:
		v->a = 1;
		break;
	case 1:
		v->b = 2;
		task = (u64)bpf_get_current_task_btf();
		break;
	case 2:
		v->c = 3;
		task = (u64)bpf_task_from_pid(4);
		break;
	case 3:
		return 5;
	default:
		break;
	}
	barrier();
	v->task = task;
	return 0;
}
