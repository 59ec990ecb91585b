/* SPDX-License-Identifier: GPL-2.0 */
/* Half of it is overwritten. */
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
	v->word = (u64)bpf_get_current_task_btf();
	barrier();
	*(volatile u32 *)((char *)&v->word + 4) = bpf_get_prandom_u32();
	return 0;
}
