/* SPDX-License-Identifier: GPL-2.0 */
/* The same kind of pointer on every way round; where a pointer of a kernel struct leads, only its use can tell. */
// expect: struct value.oldest -> struct task_struct unknown
#include "case.bpf.h"

struct value {
	u64 oldest;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct task_struct *p = bpf_get_current_task_btf();
	int i;

	if (!v)
		return 0;
	for (i = 0; i < 100 && p; i++) {
		v->oldest = (u64)p;
		p = p->real_parent;
		barrier();
	}
	return 0;
}
