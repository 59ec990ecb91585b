/* SPDX-License-Identifier: GPL-2.0 */
/* A struct and its first member begin at the same address: the larger one is stored, the smaller one used. */
// expect: struct value.item -> struct item kernel
#include "case.bpf.h"

struct link {
	u64 serial;
};
struct item {
	struct link link;
	u64 weight;
};
struct value {
	u64 item;
};
struct link *last;
VALUE_MAP(item, struct item)
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct item *i = item_at(0);
	struct value *v = value_at(0);

	if (!i || !v)
		return 0;
	v->item = (u64)i;
	barrier();
	last = (struct link *)v->item;
	return 0;
}
