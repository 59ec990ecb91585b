/* SPDX-License-Identifier: GPL-2.0 */
/* Arms of a union that are pointers to the same type are one member with two names: the kernel renames members so. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct other {
	u64 number;
};
struct other an_other;
struct holder {
	union {
		struct other *current;
		struct other *donor;
	};
};
struct value {
	u64 task;
};
VALUE_MAP(holder, struct holder)
VALUE_MAP(struct_value, struct value)

PROGRAM(program)
{
	struct holder *h = holder_at(0);
	struct value *v = struct_value_at(0);

	if (!h || !v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	if (h->donor)
		h->donor->number = bpf_ktime_get_ns();
	return 0;
}
