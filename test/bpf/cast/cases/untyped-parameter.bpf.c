/* SPDX-License-Identifier: GPL-2.0 */
/* Two kinds of structs go through one parameter without a type. */
// withheld: struct first.word
#include "case.bpf.h"

struct first {
	u64 pad;
	u64 word;
};
struct second {
	u64 pad;
	u64 time;
};
VALUE_MAP(first, struct first)
VALUE_MAP(second, struct second)

static __noinline void stamp(void *p, u64 time)
{
	((struct second *)p)->time = time;
}

PROGRAM(program)
{
	struct first *a = first_at(0);
	struct second *b = second_at(0);

	if (!a || !b)
		return 0;
	stamp(b, bpf_ktime_get_ns());
	stamp(a, bpf_ktime_get_ns());
	barrier();
	a->word = (u64)bpf_get_current_task_btf();
	return 0;
}
