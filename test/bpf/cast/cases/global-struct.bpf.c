/* SPDX-License-Identifier: GPL-2.0 */
/* A struct in a section of its own. */
// expect: struct state.task -> struct task_struct kernel
#include "case.bpf.h"

struct state {
	u64 time;
	u64 task;
};
struct state state SEC(".data.STATE");

PROGRAM(program)
{
	state.time = bpf_ktime_get_ns();
	state.task = (u64)bpf_get_current_task_btf();
	return 0;
}
