/* SPDX-License-Identifier: GPL-2.0 */
/* Pointers survive on the stack while helpers run. */
// expect: struct value.a -> struct task_struct kernel
// expect: struct value.b -> struct cgroup kernel
// expect: struct value.c -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 a, b, c, d, e, f, g;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct task_struct *a = bpf_get_current_task_btf();
	struct cgroup *b = bpf_cgroup_from_id(1);
	struct task_struct *c = bpf_task_from_pid(1);
	u64 d = bpf_ktime_get_ns();
	u64 e = bpf_ktime_get_ns();
	u64 f = bpf_ktime_get_ns();
	u64 g = bpf_ktime_get_ns();
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->a = (u64)a;
	v->b = (u64)b;
	v->c = (u64)c;
	v->d = d;
	v->e = e;
	v->f = f;
	v->g = g;
	return 0;
}
