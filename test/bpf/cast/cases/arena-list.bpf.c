/* SPDX-License-Identifier: GPL-2.0 */
/* A list in the arena, linked by integers. */
// expect: struct node.next -> struct node arena
#include "case.bpf.h"

struct node {
	u64 value;
	u64 next;
};
struct node __arena *head;

PROGRAM(insert)
{
	struct node __arena *n = (struct node __arena *)alloc_pages(1);

	if (!n)
		return 0;
	n->value = bpf_ktime_get_ns();
	n->next = (u64)head;
	head = n;
	return 0;
}

PROGRAM(sum)
{
	struct node __arena *n = head;
	u64 total = 0;
	int i;

	for (i = 0; n && i < 100; i++) {
		total += n->value;
		n = (struct node __arena *)n->next;
	}
	return total;
}
