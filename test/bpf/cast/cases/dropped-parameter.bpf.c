/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first parameter is not used, so the compiler drops it and the second comes in R1. BTF still says that R1 is a
 * struct wrong.
 */
// expect: struct right.word -> struct task_struct kernel
#include "case.bpf.h"

struct wrong {
	u64 word;
	u64 count;
};
struct right {
	u64 word;
	u64 count;
};
VALUE_MAP(wrong, struct wrong)
VALUE_MAP(right, struct right)

static __noinline u64 set(struct wrong *unused, struct right *r)
{
	r->word = (u64)bpf_get_current_task_btf();
	return r->count;
}

PROGRAM(program)
{
	struct wrong *w = wrong_at(0);
	struct right *r = right_at(0);

	if (!w || !r)
		return 0;
	return set(w, r) + set(w + 1, r);
}
