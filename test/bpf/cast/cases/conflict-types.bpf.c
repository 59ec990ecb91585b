/* SPDX-License-Identifier: GPL-2.0 */
/* Two programs, two kinds of pointers. */
// withheld: struct value.word
#include "case.bpf.h"

struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(one)
{
	struct value *v = value_at(0);

	if (v)
		v->word = (u64)bpf_get_current_task_btf();
	return 0;
}

PROGRAM(two)
{
	struct value *v = value_at(0);

	if (v)
		v->word = (u64)bpf_cgroup_from_id(1);
	return 0;
}
