/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU values are values. */
// expect: struct value.current -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 switches;
	u64 current;
};
struct {
	__uint(type, PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct value);
} values SEC(".maps");

PROGRAM(program)
{
	u32 key = 0;
	struct value *v = bpf_map_lookup_elem(&values, &key);

	if (!v)
		return 0;
	v->switches++;
	v->current = (u64)bpf_get_current_task_btf();
	return 0;
}
