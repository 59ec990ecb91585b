/* SPDX-License-Identifier: GPL-2.0 */
/* It is also counted up, atomically. */
// withheld: struct value.word
#include "case.bpf.h"

struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	if (bpf_get_prandom_u32() & 1)
		v->word = (u64)bpf_get_current_task_btf();
	else
		__sync_fetch_and_add(&v->word, 1);
	return 0;
}
