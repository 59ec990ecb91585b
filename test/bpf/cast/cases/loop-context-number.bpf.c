/* SPDX-License-Identifier: GPL-2.0 */
/* The callback changes what its caller has put there. */
// withheld: struct context.task
#include "case.bpf.h"

struct context {
	u64 count;
	u64 task;
};

static long each(u32 index, struct context *c)
{
	c->task += index;
	return 0;
}

PROGRAM(program)
{
	struct context c = { .task = (u64)bpf_get_current_task_btf() };

	bpf_loop(10, each, &c, 0);
	return c.count;
}
