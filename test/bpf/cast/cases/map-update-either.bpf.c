/* SPDX-License-Identifier: GPL-2.0 */
/* The same with a number on one of the paths. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value v = { .task = (u64)bpf_get_current_task_btf() };
	u32 key = 1;

	if (bpf_get_prandom_u32() & 1)
		v.task = 3;
	bpf_map_update_elem(&value_map, &key, &v, 0);
	return 0;
}
