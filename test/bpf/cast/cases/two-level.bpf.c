/* SPDX-License-Identifier: GPL-2.0 */
/* A proven pointer leads to the next one. */
// expect: struct first.second -> struct second arena
// expect: struct second.task -> struct task_struct kernel
#include "case.bpf.h"

struct second {
	u64 time;
	u64 task;
};
struct first {
	u64 second;
};
struct second __arena *spare;
VALUE_MAP(first, struct first)

PROGRAM(one)
{
	struct first *f = first_at(0);

	asm volatile("" ::"r"(&arena));
	if (f)
		f->second = (u64)spare;
	return 0;
}

PROGRAM(two)
{
	struct first *f = first_at(0);
	struct second __arena *s;

	asm volatile("" ::"r"(&arena));
	if (!f || !f->second)
		return 0;
	s = (struct second __arena *)f->second;
	s->time = bpf_ktime_get_ns();
	s->task = (u64)bpf_get_current_task_btf();
	return 0;
}
