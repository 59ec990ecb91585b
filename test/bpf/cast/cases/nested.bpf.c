/* SPDX-License-Identifier: GPL-2.0 */
/* Structs in structs, with and without names; the innermost one counts. */
// expect: struct inner.task -> struct task_struct kernel
// expect: struct {…}.group -> struct cgroup kernel
#include "case.bpf.h"

struct inner {
	u32 x;
	u64 task;
};
struct value {
	u64 count;
	struct inner inner[2];
	struct {
		u64 time;
		u64 group;
	};
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->inner[1].task = (u64)bpf_get_current_task_btf();
	v->group = (u64)bpf_cgroup_from_id(1);
	v->time = 2;
	return 0;
}
