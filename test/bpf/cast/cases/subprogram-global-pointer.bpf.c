/* SPDX-License-Identifier: GPL-2.0 */
/* A global function writes through a pointer to an integer. */
// withheld: struct first.word
// expect: struct first.other -> struct task_struct kernel
#include "case.bpf.h"

struct first {
	u64 pad;
	u64 word;
	u64 other;
};
VALUE_MAP(first, struct first)

__noinline int set(u64 *word)
{
	if (word)
		*word = bpf_ktime_get_ns();
	return 0;
}

PROGRAM(program)
{
	struct first *a = first_at(0);

	if (!a)
		return 0;
	a->word = (u64)bpf_get_current_task_btf();
	a->other = (u64)bpf_get_current_task_btf();
	set(&a->word);
	return 0;
}
