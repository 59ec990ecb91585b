/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel function may write into it. */
// withheld: struct value.word
#include "case.bpf.h"

struct value {
	u64 other;
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->word = (u64)bpf_get_current_task_btf();
	return bpf_fill_word(&v->word);
}
