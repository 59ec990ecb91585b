/* SPDX-License-Identifier: GPL-2.0 */
/* One struct is taken for another by a cast through void: the words are those of the struct that the map declares. */
// expect: struct slots.words[1] -> struct task_struct kernel
#include "case.bpf.h"

struct slots {
	u64 words[4];
};
struct view {
	u64 count;
	u64 task;
};
VALUE_MAP(slots, struct slots)

PROGRAM(program)
{
	struct view *v = (struct view *)slots_at(0);

	if (!v)
		return 0;
	v->count = bpf_ktime_get_ns();
	v->task = (u64)bpf_get_current_task_btf();
	return 0;
}
