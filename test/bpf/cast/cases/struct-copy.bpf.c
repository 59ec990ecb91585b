/* SPDX-License-Identifier: GPL-2.0 */
/* Whole structs are copied word by word. */
// expect: struct one.task -> struct task_struct kernel
// expect: struct two.task -> struct task_struct kernel
#include "case.bpf.h"

struct one {
	u64 time;
	u64 task;
};
struct two {
	u64 time;
	u64 task;
};
VALUE_MAP(one, struct one)
VALUE_MAP(two, struct two)

PROGRAM(program)
{
	struct one *a = one_at(0), *other = one_at(1);
	struct two *b = two_at(0);

	if (!a || !b || !other)
		return 0;
	a->time = bpf_ktime_get_ns();
	a->task = (u64)bpf_get_current_task_btf();
	barrier();
	*other = *a;
	__builtin_memcpy(b, a, sizeof(*b));
	return 0;
}
