/* SPDX-License-Identifier: GPL-2.0 */
/* Values of a map that is declared by sizes alone are none of a typed map. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)
struct {
	__uint(type, PERCPU_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
} counters SEC(".maps");

PROGRAM(program)
{
	u32 key = 0;
	u64 *counter = bpf_map_lookup_elem(&counters, &key);
	struct value *v = struct_value_at(0);

	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	if (counter)
		*counter += bpf_ktime_get_ns();
	return 0;
}
