/* SPDX-License-Identifier: GPL-2.0 */
/* One program stores a pointer, another a number. */
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
		v->word = bpf_ktime_get_ns();
	return 0;
}
