/* SPDX-License-Identifier: GPL-2.0 */
/* A field is not set on every path before the value is copied. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 count;
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value v;
	u32 key = 1;

	v.count = 2;
	if (bpf_get_prandom_u32() & 1)
		v.task = (u64)bpf_get_current_task_btf();
	hide(key);
	bpf_map_update_elem(&value_map, &key, &v, 0);
	return 0;
}
