/* SPDX-License-Identifier: GPL-2.0 */
/* Somebody may store anything: a parameter of a global function. */
// withheld: struct value.word
#include "case.bpf.h"

struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

__noinline int set_word(struct value *v, u64 word)
{
	if (v)
		v->word = word;
	return 0;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v) {
		v->word = (u64)bpf_get_current_task_btf();
		set_word(v, (u64)bpf_get_current_task_btf());
	}
	return 0;
}
