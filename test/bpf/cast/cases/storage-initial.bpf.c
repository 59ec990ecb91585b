/* SPDX-License-Identifier: GPL-2.0 */
/* The value that a storage starts with. */
// expect: struct stored.task -> struct task_struct kernel
#include "case.bpf.h"

struct stored {
	u64 task;
	u64 zero;
};
struct {
	__uint(type, TASK_STORAGE);
	__uint(map_flags, 1);
	__type(key, int);
	__type(value, struct stored);
} storage SEC(".maps");

PROGRAM(program)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct stored initial = { .task = (u64)p };

	bpf_task_storage_get(&storage, p, &initial, 1);
	return 0;
}
