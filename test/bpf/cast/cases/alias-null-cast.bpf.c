/* SPDX-License-Identifier: GPL-2.0 */
/* Null that was cast to the arena, plus an index, is an address in the arena and nowhere else. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 base = 0, time = bpf_ktime_get_ns();
	u64 index = bpf_get_prandom_u32() & 511;

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	asm volatile("%[base] = 0\n"
		     "%[base] = addr_space_cast(%[base], 0x0, 0x1)\n"
		     "%[index] <<= 3\n"
		     "%[base] += %[index]\n"
		     "*(u64 *)(%[base] + 0) = %[time]\n"
		     : [base] "+r"(base), [index] "+r"(index)
		     : [time] "r"(time)
		     : "memory");
	return 0;
}
