/* SPDX-License-Identifier: GPL-2.0 */
/* What is allocated is also stored where its type is declared: everything stored through it counts for that type. */
// expect: struct node.owner -> struct task_struct kernel
#include "case.bpf.h"

struct node {
	u64 value;
	u64 owner;
	struct node __arena *next;
};
struct node __arena *head;

PROGRAM(program)
{
	struct node __arena *n = (struct node __arena *)alloc_pages(1);

	if (!n)
		return 0;
	n->value = bpf_ktime_get_ns();
	n->owner = (u64)bpf_get_current_task_btf();
	n->next = head;
	head = n;
	return 0;
}
