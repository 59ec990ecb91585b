/* SPDX-License-Identifier: GPL-2.0 */
/* A helper writes into a neighbour. */
// expect: struct value.word -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 other;
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->word = (u64)bpf_get_current_task_btf();
	bpf_probe_read_kernel(&v->other, sizeof(v->other), (void *)ctx[0]);
	return 0;
}
