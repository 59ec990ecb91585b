/* SPDX-License-Identifier: GPL-2.0 */
/* Another variable of the same struct starts with a number in the field. */
// withheld: struct state.task
#include "case.bpf.h"

struct state {
	u64 time;
	u64 task;
};
struct state state;
struct state preset = { 1, 0x1234 };

PROGRAM(program)
{
	state.time = preset.time;
	state.task = (u64)bpf_get_current_task_btf();
	return 0;
}
