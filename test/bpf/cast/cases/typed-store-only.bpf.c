/* SPDX-License-Identifier: GPL-2.0 */
/* As above, without a cast: the type is known, the space is not. */
// expect: struct value.node -> struct node unknown
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 node;
};
struct node *current;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		current = (struct node *)v->node;
	return 0;
}
