/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instruction that accesses the arena on one path does on all: the verifier lets no other pass. What has been lost sight of
 * on the other path cannot lead to the value of a map.
 */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)
u32 words[2];

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 word = words[0], time = bpf_ktime_get_ns();

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	asm volatile("%[word] = addr_space_cast(%[word], 0x0, 0x1)\n"
		     "if %[time] == 0 goto +1\n"
		     "%[word] = *(u64 *)(r10 - 256)\n"
		     "*(u64 *)(%[word] + 0) = %[time]\n"
		     : [word] "+r"(word)
		     : [time] "r"(time)
		     : "memory");
	return 0;
}
