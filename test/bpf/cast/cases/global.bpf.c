/* SPDX-License-Identifier: GPL-2.0 */
/* Global variables, one static. */
// expect: .bss.last_task -> struct task_struct kernel
// expect: .bss.last_group -> struct cgroup kernel
#include "case.bpf.h"

u64 last_task;
static volatile u64 last_group;
u64 calls;

PROGRAM(program)
{
	calls++;
	last_task = (u64)bpf_get_current_task_btf();
	last_group = (u64)bpf_cgroup_from_id(1);
	return last_group != 0;
}
