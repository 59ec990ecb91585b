/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer on one path, a number on the other. */
// withheld: struct value.either
#include "case.bpf.h"

struct value {
	u64 either;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 p = 7;

	if (!v)
		return 0;
	if (bpf_get_prandom_u32() & 1)
		p = (u64)bpf_task_from_pid(1);
	v->either = p;
	return 0;
}
