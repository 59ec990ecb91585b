/* SPDX-License-Identifier: GPL-2.0 */
/* A tag decides which type it is. */
// withheld: struct value.word
#include "case.bpf.h"

struct node {
	u64 a;
};
struct leaf {
	u32 b;
};
struct value {
	u32 tag;
	u64 word;
};
struct node __arena *node;
struct leaf __arena *leaf;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	asm volatile("" ::"r"(&arena));
	if (!v)
		return 0;
	if (v->tag) {
		node = (struct node __arena *)v->word;
		barrier();
	} else {
		leaf = (struct leaf __arena *)v->word;
	}
	return 0;
}
