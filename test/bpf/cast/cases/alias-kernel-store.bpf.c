/* SPDX-License-Identifier: GPL-2.0 */
/* The same store through a pointer that may lead into the map counts. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)

static long each(void *map, u32 *key, void *value, void *context)
{
	*(u64 *)value = bpf_ktime_get_ns();
	return 0;
}

PROGRAM(program)
{
	struct value *v = struct_value_at(0);

	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	bpf_for_each_map_elem(&struct_value_map, each, NULL, 0);
	return 0;
}
