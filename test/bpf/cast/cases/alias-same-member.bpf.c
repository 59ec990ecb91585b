/* SPDX-License-Identifier: GPL-2.0 */
/* An index that may run from one array into the next meets the same member of each element, and no other. */
// expect: struct pair.task -> struct task_struct kernel
#include "case.bpf.h"

struct pair {
	u64 number;
	u64 task;
};
struct table {
	struct pair first[2];
	struct pair second[2];
};
VALUE_MAP(table, struct table)

PROGRAM(program)
{
	struct table *t = table_at(0);
	u64 back = bpf_get_prandom_u32() & 1;
	struct pair *pair;

	if (!t)
		return 0;
	t->first[0].task = (u64)bpf_get_current_task_btf();
	pair = &t->second[1];
	asm volatile("%[back] <<= 4\n"
		     "%[pair] -= %[back]\n"
		     : [pair] "+r"(pair), [back] "+r"(back));
	pair->number = bpf_ktime_get_ns();
	return 0;
}
