/* SPDX-License-Identifier: GPL-2.0 */
/* A map that is not known is changed: that may be any. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

__noinline int update(void *map, u64 word)
{
	u32 key = 0;

	return bpf_map_update_elem(map, &key, &word, 0);
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	return update(&value_map, 3);
}
