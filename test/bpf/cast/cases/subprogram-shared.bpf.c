/* SPDX-License-Identifier: GPL-2.0 */
/* One function sets words of two structs: a number in one of them must not escape notice. */
// withheld: struct first.word
#include "case.bpf.h"

struct first {
	u64 word;
};
struct second {
	u64 pad;
	u64 word;
};
VALUE_MAP(first, struct first)
VALUE_MAP(second, struct second)

static __noinline void set(u64 *word, u64 value)
{
	*word = value;
}

PROGRAM(program)
{
	struct first *a = first_at(0);
	struct second *b = second_at(0);

	if (!a || !b)
		return 0;
	set(&b->word, bpf_ktime_get_ns());
	set(&a->word, bpf_ktime_get_ns());
	a->word = (u64)bpf_get_current_task_btf();
	return 0;
}
