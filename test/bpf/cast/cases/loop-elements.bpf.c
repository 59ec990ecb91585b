/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer that walks along an array of structs. */
// expect: struct entry.task -> struct task_struct kernel
#include "case.bpf.h"

struct entry {
	u64 time;
	u64 task;
	u64 serial;
};
struct entry entries[32];

PROGRAM(program)
{
	u64 task = (u64)bpf_get_current_task_btf();
	struct entry *e = entries;
	int i;

	for (i = 0; i < 32; i++, e++) {
		e->time = bpf_ktime_get_ns();
		e->task = task;
		e->serial = i;
		barrier();
	}
	return 0;
}
