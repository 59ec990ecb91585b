/* SPDX-License-Identifier: GPL-2.0 */
/* The address of the word is kept as a pointer to an integer, and a number goes through it elsewhere. */
// withheld: struct value.word
// expect: struct value.beside -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 pad;
	u64 word;
	u64 beside;
};
u64 *kept;
VALUE_MAP(value, struct value)

PROGRAM(keeper)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->word = (u64)bpf_get_current_task_btf();
	v->beside = (u64)bpf_get_current_task_btf();
	kept = &v->word;
	return 0;
}

PROGRAM(writer)
{
	u64 *to = kept;

	if (to)
		*to = bpf_ktime_get_ns();
	return 0;
}
