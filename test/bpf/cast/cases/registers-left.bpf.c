/* SPDX-License-Identifier: GPL-2.0 */
/* An address that is only left in a register beyond the parameters of a function is not handed to it. */
// expect: .bss.slots x4 -> struct task_struct kernel
#include "case.bpf.h"

static u64 slots[4];
u64 *kept;
u64 word;

__weak int count(u64 number)
{
	return number & 1;
}

PROGRAM(program)
{
	u64 index = bpf_get_prandom_u32() & 3;
	u64 *slot = &slots[index];
	u64 result;

	*slot = (u64)bpf_get_current_task_btf();
	asm volatile("r1 = 7\n"
		     "r2 = %[slot]\n"
		     "call count\n"
		     "%[result] = r0\n"
		     : [result] "=r"(result)
		     : [slot] "r"(slot)
		     : "r0", "r1", "r2", "r3", "r4", "r5", "memory");
	kept = &word;
	return result;
}

PROGRAM(writer)
{
	u64 *to = kept;

	if (to)
		*to = bpf_ktime_get_ns();
	return 0;
}
