/* SPDX-License-Identifier: GPL-2.0 */
/* The integer is read through with CO-RE. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct task_struct *p;
	int pid = 0;

	if (!v)
		return 0;
	p = (struct task_struct *)v->task;
	bpf_probe_read_kernel(&pid, sizeof(pid), &p->pid);
	bpf_probe_read_kernel(&pid, sizeof(pid), &p->tgid);
	return pid;
}
