/* SPDX-License-Identifier: GPL-2.0 */
/* Signed integers and typedefs of typedefs are integers too. */
// expect: struct value.signed_task -> struct task_struct kernel
// expect: struct value.alias -> struct task_struct kernel
#include "case.bpf.h"

typedef u64 handle;
typedef handle task_handle;
struct value {
	s64 signed_task;
	const volatile task_handle *constant;
	task_handle alias;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->signed_task = (s64)bpf_get_current_task_btf();
	v->alias = (task_handle)bpf_get_current_task_btf();
	return 0;
}
