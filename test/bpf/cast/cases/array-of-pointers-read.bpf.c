/* SPDX-License-Identifier: GPL-2.0 */
/* A declared array of pointers fills an integer. */
// expect: struct value.picked -> struct node arena
#include "case.bpf.h"

struct node {
	u64 count;
};
struct value {
	u64 picked;
};
struct node __arena *nodes[64];
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct node __arena *n = nodes[bpf_get_smp_processor_id() & 63];

	if (!v || !n)
		return 0;
	n->count++;
	v->picked = (u64)n;
	return 0;
}
