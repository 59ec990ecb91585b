/* SPDX-License-Identifier: GPL-2.0 */
/* A free list that is kept in integers: what is popped is read from memory of which nothing is known. */
// supported: struct entry.node -> ? arena
// supported: .bss.head -> ? arena
#include "case.bpf.h"

struct node {
	u64 next;
	u64 value;
	u64 more[3];
};
struct entry {
	u64 node;
};
VALUE_MAP(entry, struct entry)
static u64 head;

PROGRAM(get)
{
	struct entry *e = entry_at(0);
	u64 old = head;

	if (!e)
		return 0;
	if (old) {
		u64 next = *(u64 __arena *)old;

		if (!__sync_bool_compare_and_swap(&head, old, next))
			return 0;
	} else
		old = (u64)alloc_pages(1);
	if (old)
		((struct node __arena *)old)->value = bpf_ktime_get_ns();
	e->node = old;
	return 0;
}

PROGRAM(put)
{
	struct entry *e = entry_at(0);
	u64 old = head;

	if (!e || !e->node)
		return 0;
	*(u64 __arena *)e->node = old;
	__sync_bool_compare_and_swap(&head, old, e->node);
	return 0;
}
