/* SPDX-License-Identifier: GPL-2.0 */
/* Slots are filled from memory of which nothing is known, and passed as pointers to a type. */
// supported: .bss.slots x16 -> struct queue arena
#include "case.bpf.h"

struct queue {
	u64 length;
	u64 lock;
};
static u64 slots[16];

__weak int destroy(struct queue __arena *queue)
{
	if (!queue)
		return 0;
	queue->length = 0;
	return 1;
}

PROGRAM(schedule)
{
	u64 __arena *any = (u64 __arena *)alloc_pages(1);
	u64 old, slot = bpf_get_prandom_u32() & 15;

	if (!any)
		return 0;
	old = __sync_val_compare_and_swap(&slots[slot], 0, any[2]);
	if (old && __sync_val_compare_and_swap(&slots[slot], old, any[2]) == old)
		destroy((struct queue __arena *)old);
	return 0;
}
