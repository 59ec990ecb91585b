/* SPDX-License-Identifier: GPL-2.0 */
/* What is stored is the address as instructions use it, not the one that others can follow. */
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 node;
};
struct node __arena *head;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct node __arena *n = head;

	if (v && n) {
		n->count++;
		v->node = (u64)(struct node *)n;
	}
	return 0;
}
