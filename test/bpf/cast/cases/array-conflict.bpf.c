/* SPDX-License-Identifier: GPL-2.0 */
/* Any element is a pointer, and one is a number. */
// withheld: struct value.tasks
#include "case.bpf.h"

struct value {
	u64 count;
	u64 tasks[8];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->tasks[bpf_get_prandom_u32() & 7] = (u64)bpf_get_current_task_btf();
	v->tasks[3] = v->count;
	return 0;
}
