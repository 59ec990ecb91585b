/* SPDX-License-Identifier: GPL-2.0 */
/* Two fields meet in one register, and only one of them is used as a pointer: that must not count for the other. */
#include "case.bpf.h"

struct node {
	u64 x;
};
struct value {
	u32 tag;
	u64 node;
	u64 number;
};
struct node *seen;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 word;
	u32 tag;

	if (!v)
		return 0;
	tag = v->tag;
	if (tag)
		word = v->node;
	else
		word = v->number;
	hide(tag);
	barrier();
	if (tag)
		seen = (struct node *)word;
	else
		v->tag = word > 4;
	return 0;
}
