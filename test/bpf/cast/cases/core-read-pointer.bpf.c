/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer read with bpf_probe_read_kernel() is what the field declares. */
// expect: struct value.parent -> struct task_struct unknown
#include "case.bpf.h"

struct value {
	u64 parent;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct task_struct *p = (struct task_struct *)bpf_get_current_task();
	struct value *v = value_at(0);
	struct task_struct *parent = NULL;

	if (!v)
		return 0;
	bpf_probe_read_kernel(&parent, sizeof(parent), &p->real_parent);
	v->parent = (u64)parent;
	return 0;
}
