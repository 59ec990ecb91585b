/* SPDX-License-Identifier: GPL-2.0 */
/* A value is put together on the stack and copied into the map. */
// expect: struct value.task -> struct task_struct kernel
// expect: struct value.page -> ? arena size 4096
#include "case.bpf.h"

struct value {
	u32 id;
	u64 count;
	u64 task;
	u64 page;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value v = {};
	u32 key = 1;

	v.id = 4;
	v.count = bpf_ktime_get_ns();
	v.task = (u64)bpf_get_current_task_btf();
	v.page = (u64)alloc_pages(1);
	bpf_map_update_elem(&value_map, &key, &v, 0);
	return 0;
}
