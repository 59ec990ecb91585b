/* SPDX-License-Identifier: GPL-2.0 */
/* Two addresses in the arena of which nothing else is known are one in the arena where paths meet. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)
u32 words[4];

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 word = words[0], other = words[1], time = bpf_ktime_get_ns();

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	asm volatile("%[word] = addr_space_cast(%[word], 0x0, 0x1)\n"
		     "%[other] = addr_space_cast(%[other], 0x0, 0x1)\n"
		     "if %[time] == 0 goto +1\n"
		     "%[word] = %[other]\n"
		     "*(u64 *)(%[word] + 0) = %[time]\n"
		     : [word] "+r"(word), [other] "+r"(other)
		     : [time] "r"(time)
		     : "memory");
	return 0;
}
