/* SPDX-License-Identifier: GPL-2.0 */
/* A store through an arena pointer of unknown type cannot meet the value of a map, wherever it goes. */
// expect: .bss.words x4 -> ? arena
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)

u64 words[4];

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 __arena *any = (u64 __arena *)words[bpf_get_prandom_u32() & 3];

	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	if (any) {
		u64 __arena *other = bpf_get_prandom_u32() & 1 ? any : (u64 __arena *)any[1];

		*other = bpf_ktime_get_ns();
	}
	return 0;
}
