/* SPDX-License-Identifier: GPL-2.0 */
/* What is written may be either struct: that must not prove anything of one, and counts against both. */
// withheld: struct first.word
#include "case.bpf.h"

struct first {
	u64 pad;
	u64 word;
};
struct second {
	u64 pad;
	u64 word;
};
VALUE_MAP(first, struct first)
VALUE_MAP(second, struct second)

PROGRAM(program)
{
	struct first *a = first_at(0);
	struct second *b = second_at(0);
	u64 *to;

	if (!a || !b)
		return 0;
	a->word = (u64)bpf_get_current_task_btf();
	to = bpf_get_prandom_u32() & 1 ? &a->word : &b->word;
	hide(to);
	to = bpf_get_prandom_u32() & 2 ? &a->word : &b->word;
	*to = bpf_ktime_get_ns();
	return 0;
}
