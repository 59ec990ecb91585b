/* SPDX-License-Identifier: GPL-2.0 */
/* A global array. */
// expect: .bss.tasks x64 -> struct task_struct kernel
#include "case.bpf.h"

u64 tasks[64];
u64 times[64];

PROGRAM(program)
{
	u32 i = bpf_get_smp_processor_id() & 63;

	tasks[i] = (u64)bpf_get_current_task_btf();
	times[i] = bpf_ktime_get_ns();
	return 0;
}
