/* SPDX-License-Identifier: GPL-2.0 */
/* Task storage takes tasks. */
// expect: struct value.task -> struct task_struct unknown
// expect: struct stored.self -> struct stored kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
struct stored {
	u64 self;
};
struct {
	__uint(type, TASK_STORAGE);
	__uint(map_flags, 1);
	__type(key, int);
	__type(value, struct stored);
} storage SEC(".maps");
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct stored *s;

	if (!v)
		return 0;
	s = bpf_task_storage_get(&storage, (struct task_struct *)v->task, NULL, 1);
	if (s)
		s->self = (u64)s;
	return 0;
}
