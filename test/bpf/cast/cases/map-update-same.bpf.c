/* SPDX-License-Identifier: GPL-2.0 */
/* A value is copied to another place of its own map. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
	u64 count;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u32 key = 1;

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	bpf_map_update_elem(&value_map, &key, v, 0);
	return 0;
}
