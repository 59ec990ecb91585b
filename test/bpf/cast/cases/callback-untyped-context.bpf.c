/* SPDX-License-Identifier: GPL-2.0 */
/* A callback writes through a context that has no type. */
// withheld: struct value.word
// expect: struct value.beside -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 pad;
	u64 word;
	u64 beside;
};
VALUE_MAP(value, struct value)

static long each(u32 index, void *context)
{
	*(u64 *)context = index;
	return 0;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->word = (u64)bpf_get_current_task_btf();
	v->beside = (u64)bpf_get_current_task_btf();
	bpf_loop(10, each, &v->word, 0);
	return 0;
}
