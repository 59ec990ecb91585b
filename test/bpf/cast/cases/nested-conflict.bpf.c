/* SPDX-License-Identifier: GPL-2.0 */
/* The same inner struct in two others, with different contents. */
// withheld: struct inner.word
#include "case.bpf.h"

struct inner {
	u64 word;
};
struct one {
	u32 x;
	struct inner inner;
};
struct two {
	struct inner inner;
};
VALUE_MAP(one, struct one)
VALUE_MAP(two, struct two)

PROGRAM(program)
{
	struct one *a = one_at(0);
	struct two *b = two_at(0);

	if (!a || !b)
		return 0;
	a->inner.word = (u64)bpf_get_current_task_btf();
	b->inner.word = (u64)bpf_cgroup_from_id(1);
	return 0;
}
