/* SPDX-License-Identifier: GPL-2.0 */
/* What is copied comes from memory of another kind. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
};
struct bytes {
	char bytes[8];
};
VALUE_MAP(value, struct value)
VALUE_MAP(bytes, struct bytes)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct bytes *b = bytes_at(0);
	u32 key = 1;

	if (!v || !b)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	bpf_map_update_elem(&value_map, &key, b, 0);
	return 0;
}
