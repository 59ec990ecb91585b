/* SPDX-License-Identifier: GPL-2.0 */
/* What was there before is what the field holds. */
// expect: struct value.task -> struct task_struct kernel
// expect: struct value.previous -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
	u64 previous;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		v->previous = __sync_lock_test_and_set(&v->task, (u64)bpf_get_current_task_btf());
	return 0;
}
