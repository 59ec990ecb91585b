/* SPDX-License-Identifier: GPL-2.0 */
/* What a register holds changes on the way round. */
// withheld: struct value.last
#include "case.bpf.h"

struct value {
	u64 last;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 held = (u64)bpf_get_current_task_btf();
	int i;

	if (!v)
		return 0;
	for (i = 0; i < 100; i++) {
		v->last = held;
		held = bpf_ktime_get_ns();
		barrier();
	}
	return 0;
}
