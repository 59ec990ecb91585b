/* SPDX-License-Identifier: GPL-2.0 */
/* What a declared pointer of a kernel struct holds, read with CO-RE. */
// expect: struct value.parent -> struct task_struct kernel
// expect: struct value.mm -> struct mm_struct unknown
#include "case.bpf.h"

struct value {
	u64 parent;
	u64 mm;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	struct value *v = value_at(0);
	struct task_struct *parent;

	if (!v)
		return 0;
	parent = p->real_parent;
	v->parent = (u64)parent;
	v->mm = (u64)parent->mm;
	return parent->pid;
}
