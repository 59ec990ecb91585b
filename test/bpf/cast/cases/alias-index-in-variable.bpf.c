/* SPDX-License-Identifier: GPL-2.0 */
/* An index that is not known meets every element of its own array. */
// withheld: .bss.slots
#include "case.bpf.h"

u64 slots[16];

PROGRAM(program)
{
	slots[3] = (u64)bpf_get_current_task_btf();
	slots[bpf_get_prandom_u32() & 15] = bpf_ktime_get_ns();
	return 0;
}
