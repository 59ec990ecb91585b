/* SPDX-License-Identifier: GPL-2.0 */
/* The same with the same kind of pointer; and other fields of the payload do not matter. */
// expect: struct context.task -> struct task_struct kernel
#include "case.bpf.h"

struct header {
	u64 id;
	u64 payload[];
};
struct context {
	u64 time;
	u64 task;
};
struct value {
	struct header __arena *data;
};
struct header __arena *some_header;
struct context __arena *current;
VALUE_MAP(value, struct value)

PROGRAM(typed)
{
	asm volatile("" ::"r"(&arena));
	if (current)
		current->task = (u64)bpf_get_current_task_btf();
	return 0;
}

PROGRAM(untyped)
{
	struct value *v = value_at(0);
	struct context __arena *c;

	asm volatile("" ::"r"(&arena));
	if (!v || !v->data)
		return 0;
	c = (struct context __arena *)v->data->payload;
	c->task = (u64)bpf_get_current_task_btf();
	c->time = bpf_ktime_get_ns();
	return 0;
}
