/* SPDX-License-Identifier: GPL-2.0 */
/* A kptr is declared: what goes into it is known, and copies of it are. */
// expect: struct value.copy -> struct task_struct kernel
#include "case.bpf.h"

struct holder {
	struct task_struct __kptr *task;
};
struct value {
	u64 copy;
};
VALUE_MAP(holder, struct holder)
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct holder *h = holder_at(0);
	struct value *v = value_at(0);
	struct task_struct *p;

	if (!h || !v)
		return 0;
	p = bpf_kptr_xchg(&h->task, bpf_task_from_pid(1));
	v->copy = (u64)p;
	if (p)
		bpf_task_release(p);
	return 0;
}
