/* SPDX-License-Identifier: GPL-2.0 */
/* The size goes through a function in between. */
// expect: struct first.context -> ? arena size 48
// expect: struct second.context -> ? arena size 64
#include "case.bpf.h"

struct first {
	u64 context;
};
struct second {
	u64 context;
};
void __arena *region;
u64 used;
u64 failures;
VALUE_MAP(first, struct first)
VALUE_MAP(second, struct second)

__weak __noinline u64 scx_static_alloc_internal(u64 bytes, u64 alignment)
{
	u64 address = (u64)region + used;

	used += bytes + alignment;
	return address;
}

static __noinline u64 allocate(u64 bytes)
{
	u64 address = scx_static_alloc_internal(bytes, 8);

	if (!address)
		failures++;
	return address;
}

PROGRAM(program)
{
	struct first *a = first_at(0);
	struct second *b = second_at(0);

	asm volatile("" ::"r"(&arena));
	if (!a || !b)
		return 0;
	a->context = allocate(48);
	b->context = allocate(64);
	return 0;
}
