/* SPDX-License-Identifier: GPL-2.0 */
/* A callback gets a struct on the stack of its caller. */
// expect: struct context.task -> struct task_struct kernel
#include "case.bpf.h"

struct context {
	u64 count;
	u64 task;
};
struct task_struct *last;

static long each(u32 index, struct context *c)
{
	c->count += index;
	last = (struct task_struct *)c->task;
	return 0;
}

PROGRAM(program)
{
	struct context c = { .task = (u64)bpf_get_current_task_btf() };

	bpf_loop(10, each, &c, 0);
	return c.count;
}
