/* SPDX-License-Identifier: GPL-2.0 */
/* An index that is not known stays in its variable, and in the member of its array's struct. */
// expect: .bss.current -> struct task_struct kernel
// expect: struct cell.owner -> struct task_struct kernel
#include "case.bpf.h"

struct cell {
	u64 load;
	u64 owner;
	u64 loads[3];
};
struct cell cells[16];
u64 current;

PROGRAM(program)
{
	u32 index = 15 - (bpf_get_prandom_u32() & 7);
	u32 inner = bpf_get_prandom_u32() & 1;

	current = (u64)bpf_get_current_task_btf();
	cells[index].owner = current;
	cells[index].load = bpf_ktime_get_ns();
	cells[index].loads[1 + inner] = bpf_ktime_get_ns();
	return 0;
}
