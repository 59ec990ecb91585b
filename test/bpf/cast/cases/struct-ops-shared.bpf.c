/* SPDX-License-Identifier: GPL-2.0 */
/* A program in two places with different arguments: nothing is known of its context. */
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(value, struct value)

struct scheduler_ops {
	void (*enqueue)(struct task_struct *task);
	void (*prepare)(struct cgroup *group);
};

SEC("struct_ops/either") void either(u64 *ctx)
{
	struct value *v = value_at(0);

	if (v)
		v->task = ctx[0];
}

SEC(".struct_ops.link")
struct scheduler_ops ops = {
	.enqueue = (void *)either,
	.prepare = (void *)either,
};
