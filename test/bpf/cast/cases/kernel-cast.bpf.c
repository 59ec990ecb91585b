/* SPDX-License-Identifier: GPL-2.0 */
/* bpf_rdonly_cast() names the type. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	return v ? core_cast((void *)v->task, struct task_struct)->pid : 0;
}
