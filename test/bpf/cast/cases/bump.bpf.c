/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer that moves on is one, but to nothing of which the start is known. */
// withheld: struct region.next
#include "case.bpf.h"

struct region {
	u64 next;
};
struct region region;

PROGRAM(init)
{
	region.next = (u64)alloc_pages(16);
	return 0;
}

PROGRAM(take)
{
	region.next += 64;
	return 0;
}
