/* SPDX-License-Identifier: GPL-2.0 */
/* The type is declared only on a path on which the store has not been. */
#include "case.bpf.h"

struct node {
	u64 value;
	u64 owner;
};
struct other {
	u64 x;
};
struct node __arena *head;
u64 raw;

PROGRAM(program)
{
	void __arena *p = alloc_pages(1);

	if (!p)
		return 0;
	if (bpf_get_prandom_u32() & 1) {
		head = p;
	} else {
		((struct node __arena *)p)->owner = (u64)bpf_get_current_task_btf();
		raw = bpf_ktime_get_ns();
	}
	return 0;
}
