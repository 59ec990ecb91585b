/* SPDX-License-Identifier: GPL-2.0 */
/* The value of an inner map. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
struct inner_map {
	__uint(type, ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct value);
} inner SEC(".maps");
struct {
	__uint(type, ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, u32);
	__array(values, struct inner_map);
} outer SEC(".maps") = { .values = { &inner } };

PROGRAM(program)
{
	struct value *v;
	u32 key = 0;
	void *map = bpf_map_lookup_elem(&outer, &key);

	if (!map)
		return 0;
	v = bpf_map_lookup_elem(map, &key);
	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	return 0;
}
