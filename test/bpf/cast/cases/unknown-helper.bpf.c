/* SPDX-License-Identifier: GPL-2.0 */
/* A helper that is newer than we are may write anywhere in what it gets. */
// withheld: struct value.task
#include "case.bpf.h"

struct value {
	u64 count;
	u64 task;
};
VALUE_MAP(value, struct value)
static long (*const bpf_brand_new)(void *p) = (void *)999;

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->task = (u64)bpf_get_current_task_btf();
	return bpf_brand_new(v);
}
