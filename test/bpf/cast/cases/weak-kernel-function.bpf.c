/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel function that may be missing is called like any other where it is there. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 flags;
	u64 task;
};
VALUE_MAP(value, struct value)

extern struct task_struct *bpf_task_from_vpid(s32 pid) __ksym __weak;

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct task_struct *task;

	if (!v || !bpf_task_from_vpid)
		return 0;
	task = bpf_task_from_vpid(1);
	if (task)
		v->task = (u64)task;
	return 0;
}
