/* SPDX-License-Identifier: GPL-2.0 */
/* The result of a kernel function is what its declaration says. */
// expect: struct value.task -> struct task_struct kernel
// expect: struct value.group -> struct cgroup kernel
#include "case.bpf.h"

struct value {
	u64 task;
	u64 group;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->task = (u64)bpf_task_from_pid(1);
	v->group = (u64)bpf_cgroup_from_id(1);
	return 0;
}
