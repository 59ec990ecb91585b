/* SPDX-License-Identifier: GPL-2.0 */
/* Atomic exchanges put pointers there. */
// expect: struct value.task -> struct task_struct kernel
// expect: struct value.page -> ? arena size 4096
#include "case.bpf.h"

struct value {
	u64 task;
	u64 page;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	__sync_lock_test_and_set(&v->task, (u64)bpf_get_current_task_btf());
	__sync_val_compare_and_swap(&v->page, 0, (u64)alloc_pages(1));
	return 0;
}
