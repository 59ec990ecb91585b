/* SPDX-License-Identifier: GPL-2.0 */
/* A helper writes into it. */
// withheld: struct value.word
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
	bpf_probe_read_kernel(v, sizeof(*v), (void *)ctx[0]);
	return 0;
}
