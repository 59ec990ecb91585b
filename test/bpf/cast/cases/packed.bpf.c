/* SPDX-License-Identifier: GPL-2.0 */
/* Fields that are not aligned. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u32 id;
	u64 task;
} __attribute__((packed));
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	*(volatile u32 *)((char *)v + 8) = 1;
	barrier();
	asm volatile("*(u64 *)(%0 + 4) = %1" ::"r"(v), "r"(bpf_get_current_task_btf()) : "memory");
	return 0;
}
