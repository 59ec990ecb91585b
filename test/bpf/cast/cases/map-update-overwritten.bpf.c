/* SPDX-License-Identifier: GPL-2.0 */
/* A helper writes to the value before it is copied. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value v = { .task = (u64)bpf_get_current_task_btf() };
	struct value *other = value_at(3);
	u32 key = 1;

	if (other)
		other->task = v.task;
	bpf_probe_read_kernel(&v, sizeof(v), (void *)ctx[0]);
	bpf_map_update_elem(&value_map, &key, &v, 0);
	return 0;
}
