/* SPDX-License-Identifier: GPL-2.0 */
/* Copied over fields of another meaning. */
// expect: struct one.task -> struct task_struct kernel
// expect: struct two.time -> struct task_struct kernel
// withheld: struct two.task
#include "case.bpf.h"

struct one {
	u64 time;
	u64 task;
};
struct two {
	u64 task;
	u64 time;
};
VALUE_MAP(one, struct one)
VALUE_MAP(two, struct two)

PROGRAM(program)
{
	struct one *a = one_at(0);
	struct two *b = two_at(0);

	if (!a || !b)
		return 0;
	a->time = bpf_ktime_get_ns();
	a->task = (u64)bpf_get_current_task_btf();
	b->task = (u64)bpf_get_current_task_btf();
	barrier();
	__builtin_memcpy(b, a, sizeof(*b));
	return 0;
}
