/* SPDX-License-Identifier: GPL-2.0 */
/* One element of an array of integers. */
// expect: struct value.words[1] -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 words[4];
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->words[0] = 3;
	v->words[1] = (u64)bpf_get_current_task_btf();
	return 0;
}
