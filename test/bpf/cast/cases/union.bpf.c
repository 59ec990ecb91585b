/* SPDX-License-Identifier: GPL-2.0 */
/* Arms of a union share their bytes: nothing is said of any. */
#include "case.bpf.h"

struct value {
	union {
		u64 task;
		u64 number;
	};
	union {
		u64 plain;
		struct {
			u32 low;
			u32 high;
		};
	};
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	v->plain = (u64)bpf_get_current_task_btf();
	return 0;
}
