/* SPDX-License-Identifier: GPL-2.0 */
/* The address of the word is kept; what is stored through pointers to integers of the arena does not go there. */
// expect: struct value.word -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 pad;
	u64 word;
};
u64 *kept;
u64 __arena *elsewhere;
VALUE_MAP(value, struct value)

PROGRAM(keeper)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->word = (u64)bpf_get_current_task_btf();
	kept = &v->word;
	return 0;
}

PROGRAM(writer)
{
	u64 __arena *to = elsewhere;

	if (to)
		*to = bpf_ktime_get_ns();
	return 0;
}
