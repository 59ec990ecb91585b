/* SPDX-License-Identifier: GPL-2.0 */
/* From a member back to its struct: the offset is gone again. */
// expect: struct value.outer -> struct outer kernel
#include "case.bpf.h"

struct inner {
	u64 x;
};
struct outer {
	u64 head[3];
	struct inner inner;
};
struct value {
	u64 outer;
};
VALUE_MAP(outer, struct outer)
VALUE_MAP(value, struct value)

static __noinline u64 outer_of(struct inner *inner, u64 x)
{
	inner->x = x;
	return (u64)inner - __builtin_offsetof(struct outer, inner);
}

PROGRAM(program)
{
	struct outer *o = outer_at(0);
	struct value *v = value_at(0);

	if (o && v) {
		u64 address = (u64)&o->inner;

		hide(address);
		v->outer = address - __builtin_offsetof(struct outer, inner);
		o->head[1] = bpf_ktime_get_ns();
	}
	return 0;
}
