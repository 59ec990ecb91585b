/* SPDX-License-Identifier: GPL-2.0 */
/* The same with another field of the struct: that does not matter. */
// expect: struct outer.word -> struct task_struct kernel
#include "case.bpf.h"

struct link {
	struct link __arena *next;
};
struct outer {
	u64 word;
	struct link link;
	u64 tail;
};
struct link __arena *first;
struct outer __arena *some_outer;

PROGRAM(typed)
{
	struct outer __arena *o = some_outer;

	if (o)
		o->word = (u64)bpf_get_current_task_btf();
	return 0;
}

PROGRAM(by_member)
{
	struct link __arena *l = first;
	struct outer __arena *o;

	if (!l)
		return 0;
	first = l->next;
	o = (struct outer __arena *)((char __arena *)l - __builtin_offsetof(struct outer, link));
	o->tail = bpf_ktime_get_ns();
	return 0;
}
