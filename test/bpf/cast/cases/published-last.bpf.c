/* SPDX-License-Identifier: GPL-2.0 */
/* Of all that the loop allocates, only the last is stored where a type is declared. */
#include "case.bpf.h"

struct node {
	u64 value;
	u64 owner;
};
struct node __arena *head;

PROGRAM(program)
{
	u64 task = (u64)bpf_get_current_task_btf();
	void __arena *p = NULL;
	int i;

	for (i = 0; i < 1000; i++) {
		p = alloc_pages(1);
		if (!p)
			return 0;
		((struct node __arena *)p)->owner = task;
		barrier();
	}
	head = p;
	return 0;
}
