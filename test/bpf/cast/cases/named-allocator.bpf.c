/* SPDX-License-Identifier: GPL-2.0 */
/* An allocator of the scx library gives the address as an integer; the size is its argument. */
// expect: struct value.context -> ? arena size 96
#include "case.bpf.h"

struct value {
	u64 context;
};
void __arena *region;
u64 used;
VALUE_MAP(value, struct value)

__weak __noinline u64 scx_static_alloc_internal(u64 bytes, u64 alignment)
{
	u64 address = (u64)region + used;

	used += bytes + alignment;
	return address;
}

PROGRAM(program)
{
	struct value *v = value_at(0);

	asm volatile("" ::"r"(&arena));
	if (v)
		v->context = scx_static_alloc_internal(96, 8);
	return 0;
}
