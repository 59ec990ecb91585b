/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing says that the index is a multiple of the element. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
	u64 words[8];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 i;

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	i = bpf_get_prandom_u32() & 63;
	*(u64 *)((char *)v + i) = 5;
	return 0;
}
