/* SPDX-License-Identifier: GPL-2.0 */
/* What stands on the stack below a store at an unknown index may be a number by then: it proves nothing when it is stored. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 task = (u64)bpf_get_current_task_btf();
	u64 index = bpf_get_prandom_u32() & 15;

	if (!v)
		return 0;
	v->task = task;
	asm volatile("*(u64 *)(r10 - 96) = %[task]\n"
		     "r1 = r10\n"
		     "r1 += -24\n"
		     "r2 = %[index]\n"
		     "r2 <<= 3\n"
		     "r1 += r2\n"
		     "r2 = 1\n"
		     "*(u64 *)(r1 + 0) = r2\n"
		     "%[task] = *(u64 *)(r10 - 96)\n"
		     : [task] "+r"(task)
		     : [index] "r"(index)
		     : "r1", "r2", "memory");
	v->task = task;
	return 0;
}
