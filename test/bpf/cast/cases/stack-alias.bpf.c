/* SPDX-License-Identifier: GPL-2.0 */
/* The address of a local variable is in another one; a callback writes through that. */
// withheld: struct value.word
#include "case.bpf.h"

struct context {
	u64 *to;
};
struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

static long each(u32 index, struct context *c)
{
	*c->to = index;
	return 0;
}

PROGRAM(program)
{
	u64 local = (u64)bpf_get_current_task_btf();
	struct context c = { .to = &local };
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->word = local;
	bpf_loop(4, each, &c, 0);
	v->word = local;
	return 0;
}
