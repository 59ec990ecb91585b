/* SPDX-License-Identifier: GPL-2.0 */
/* The same list, and a number in its head: that is certain, and nothing is supported. */
// withheld: .bss.head
#include "case.bpf.h"

static u64 head;

PROGRAM(get)
{
	u64 old = head;

	if (!old)
		return 0;
	return __sync_bool_compare_and_swap(&head, old, *(u64 __arena *)old);
}

PROGRAM(mark)
{
	head = bpf_ktime_get_ns();
	return 0;
}
