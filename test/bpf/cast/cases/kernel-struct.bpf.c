/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel fills its own structs as it likes: nothing is proven of them. */
#include "case.bpf.h"

PROGRAM(program)
{
	struct task_struct *p = bpf_get_current_task_btf();

	p->start_time = (u64)p->real_parent;
	return 0;
}
