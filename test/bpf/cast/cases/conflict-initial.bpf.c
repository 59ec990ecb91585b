/* SPDX-License-Identifier: GPL-2.0 */
/* The variable starts as a number. */
// withheld: .data.word
// expect: .data.clean -> struct task_struct kernel
#include "case.bpf.h"

u64 word = 5;
u64 filler = 77;
u64 clean SEC(".data");

PROGRAM(program)
{
	word = (u64)bpf_get_current_task_btf();
	clean = (u64)bpf_get_current_task_btf();
	return filler;
}
