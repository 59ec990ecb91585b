/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernel's stub of an operation names a parameter `…__arena`, the context holds 32 bits of an arena address, and
 * the object does not say so: nothing is claimed of pointers to what is no struct of the kernel's own.
 */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 word;
	u64 mask;
	u64 task;
};
VALUE_MAP(value, struct value)

struct scx_cmask {
	u32 base;
	u32 nr_bits;
	u64 bits[];
};

struct scheduler_ops {
	int (*test_arena)(u64 *word);
	void (*set_cmask)(struct task_struct *task, const struct scx_cmask *mask);
};

SEC("struct_ops/test_arena") int test_arena(u64 *ctx)
{
	struct value *v = value_at(0);

	if (v)
		v->word = ctx[0];
	return 0;
}

SEC("struct_ops/set_cmask") void set_cmask(u64 *ctx)
{
	struct value *v = value_at(0);

	if (!v)
		return;
	v->task = ctx[0];
	v->mask = ctx[1];
}

SEC(".struct_ops.link")
struct scheduler_ops ops = {
	.test_arena = (void *)test_arena,
	.set_cmask = (void *)set_cmask,
};
