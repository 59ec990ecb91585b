/* SPDX-License-Identifier: GPL-2.0 */
/* bpf_for_each_map_elem() hands over values. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
	u64 seen;
};
VALUE_MAP(value, struct value)

static long each(void *map, u32 *key, struct value *v, void *context)
{
	v->seen++;
	v->task = (u64)bpf_get_current_task_btf();
	return 0;
}

PROGRAM(program)
{
	bpf_for_each_map_elem(&value_map, each, NULL, 0);
	return 0;
}
