/* SPDX-License-Identifier: GPL-2.0 */
/* Variables in the arena, and pointers to them. */
// expect: struct anchor.first -> struct node arena
// expect: struct value.anchor -> struct anchor arena
#include "case.bpf.h"

struct node {
	u64 value;
};
struct anchor {
	u64 first;
	u64 count;
};
struct value {
	u64 anchor;
};
struct anchor __arena anchor;
struct node __arena nodes[4];
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	asm volatile("" ::"r"(&arena));
	anchor.first = (u64)&nodes[0];
	anchor.count = 4;
	if (v)
		v->anchor = (u64)&anchor;
	return 0;
}
