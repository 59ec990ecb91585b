/* SPDX-License-Identifier: GPL-2.0 */
/* Half an address is none. */
#include "case.bpf.h"

struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		v->word = (u32)(u64)bpf_get_current_task_btf();
	return 0;
}
