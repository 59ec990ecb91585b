/* SPDX-License-Identifier: GPL-2.0 */
/* What was on the stack below such a store may be a number now, as far as it is stored. */
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 words[4];
	u32 index = bpf_get_prandom_u32() & 3;

	words[0] = words[1] = words[2] = words[3] = (u64)bpf_get_current_task_btf();
	barrier();
	words[index] = bpf_ktime_get_ns();
	barrier();
	if (v)
		v->task = words[2];
	return 0;
}
