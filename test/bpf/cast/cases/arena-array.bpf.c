/* SPDX-License-Identifier: GPL-2.0 */
/* Integers in an array in the arena. */
// expect: struct table.nodes x128 -> struct node arena
#include "case.bpf.h"

struct node {
	u64 count;
};
struct table {
	u64 size;
	u64 nodes[128];
};
struct table __arena *table;
struct node __arena *spare;

PROGRAM(program)
{
	struct table __arena *t = table;
	u32 i = bpf_get_prandom_u32() & 127;

	if (!t || !spare)
		return 0;
	spare->count++;
	t->nodes[i] = (u64)spare;
	return 0;
}
