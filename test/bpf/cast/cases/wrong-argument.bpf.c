/* SPDX-License-Identifier: GPL-2.0 */
/* A caller passes another struct than the function declares: the declaration is not believed. */
// withheld: struct actual.word
#include "case.bpf.h"

struct declared {
	u64 word;
	u64 number;
};
struct actual {
	u64 word;
	u64 number;
};
VALUE_MAP(declared, struct declared)
VALUE_MAP(actual, struct actual)

static __noinline void set(struct declared *d, u64 number)
{
	d->word = number;
	d->number = number * 2;
}

PROGRAM(program)
{
	struct actual *a = actual_at(0);

	if (!a)
		return 0;
	set((struct declared *)a, bpf_ktime_get_ns());
	set((struct declared *)a, bpf_get_prandom_u32());
	barrier();
	a->word = (u64)bpf_get_current_task_btf();
	return 0;
}
