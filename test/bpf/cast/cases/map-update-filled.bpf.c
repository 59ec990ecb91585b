/* SPDX-License-Identifier: GPL-2.0 */
/* A function fills the value, field by field. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 time;
	u64 task;
};
VALUE_MAP(value, struct value)

static __noinline void fill(struct value *v, u64 time)
{
	v->time = time;
	v->task = (u64)bpf_get_current_task_btf();
}

PROGRAM(program)
{
	struct value v = {};
	u32 key = 1;

	fill(&v, bpf_ktime_get_ns());
	bpf_map_update_elem(&value_map, &key, &v, 0);
	fill(&v, 2);
	bpf_map_update_elem(&value_map, &key, &v, 0);
	return 0;
}
