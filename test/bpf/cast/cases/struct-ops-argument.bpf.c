/* SPDX-License-Identifier: GPL-2.0 */
/* Arguments of struct_ops programs have the types of the function pointer that they are put into. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 flags;
	u64 task;
};
VALUE_MAP(value, struct value)

struct scheduler_ops {
	int (*init)(void);
	void (*enqueue)(struct task_struct *task, u64 flags);
	char name[16];
};

SEC("struct_ops/enqueue") void enqueue(u64 *ctx)
{
	struct value *v = value_at(0);

	if (!v)
		return;
	v->flags = ctx[1];
	v->task = ctx[0];
}

SEC(".struct_ops.link")
struct scheduler_ops ops = {
	.enqueue = (void *)enqueue,
	.name = "case",
};
