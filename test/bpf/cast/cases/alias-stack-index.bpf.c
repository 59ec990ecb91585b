/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer that was spilled is still one after a store at an index that is not known on the stack. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct counter {
	u64 idle, count;
};
struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)
VALUE_MAP(struct_counter, struct counter)

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	struct counter *c = struct_counter_at(0);
	u64 levels[3] = {};
	u32 index = bpf_get_prandom_u32();

	if (!v || !c || index > 2)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	asm volatile("*(u64 *)(r10 - 96) = %[c]\n"
		     "r1 = r10\n"
		     "r1 += -24\n"
		     "r2 = %[index]\n"
		     "r2 <<= 3\n"
		     "r1 += r2\n"
		     "r2 = 1\n"
		     "*(u64 *)(r1 + 0) = r2\n"
		     "%[c] = *(u64 *)(r10 - 96)\n"
		     : [c] "+r"(c) : [index] "r"((u64)index) : "r1", "r2", "memory");
	c->idle = bpf_ktime_get_ns();
	return levels[0];
}
