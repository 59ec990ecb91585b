/* SPDX-License-Identifier: GPL-2.0 */
/* After the callback, the stack holds what the struct may hold: here a number. */
// withheld: struct value.word
// withheld: struct context.word
#include "case.bpf.h"

struct context {
	u64 word;
};
struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

static long each(u32 index, struct context *c)
{
	c->word = index;
	return 0;
}

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct context c = { .word = (u64)bpf_get_current_task_btf() };

	if (!v)
		return 0;
	v->word = c.word;
	bpf_loop(10, each, &c, 0);
	v->word = c.word;
	return 0;
}
