/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing in the object sets it, and it is followed here and multiplied there. */
// withheld: struct value.word
#include "case.bpf.h"

struct node {
	u64 a;
};
struct value {
	u32 tag;
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct node __arena *n;

	asm volatile("" ::"r"(&arena));
	if (!v)
		return 0;
	if (!v->tag)
		return v->word * 12 / 5;
	n = (struct node __arena *)v->word;
	n->a++;
	return 0;
}
