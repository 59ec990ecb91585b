/* SPDX-License-Identifier: GPL-2.0 */
/* A field of the elements of an array. */
// expect: struct entry.task -> struct task_struct kernel
#include "case.bpf.h"

struct entry {
	u64 task;
	u32 x;
	u32 y;
	u64 time;
};
struct value {
	u64 count;
	struct entry entries[16];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u32 i = bpf_get_prandom_u32() & 15;

	if (!v)
		return 0;
	v->entries[i].time = bpf_ktime_get_ns();
	v->entries[i].task = (u64)bpf_get_current_task_btf();
	return 0;
}
