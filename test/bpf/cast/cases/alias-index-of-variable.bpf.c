/* SPDX-License-Identifier: GPL-2.0 */
/* An index that is not known stays in its variable, and in the member of its array's struct. */
// expect: .bss.current -> struct task_struct kernel
// expect: struct cell.owner -> struct task_struct kernel
// expect: .bss.beside x4 -> struct task_struct kernel
#include "case.bpf.h"

struct cell {
	u64 load;
	u64 owner;
	u64 loads[3];
};
u64 beside[4];
struct cell cells[16];
u64 current;

PROGRAM(program)
{
	u64 back = bpf_get_prandom_u32() & 7;
	struct cell *cell = &cells[15];

	current = (u64)bpf_get_current_task_btf();
	beside[bpf_get_prandom_u32() & 3] = current;
	asm volatile("%[back] *= 40\n"
		     "%[cell] -= %[back]\n"
		     : [cell] "+r"(cell), [back] "+r"(back));
	cell->owner = current;
	cell->load = bpf_ktime_get_ns();
	return 0;
}
