/* SPDX-License-Identifier: GPL-2.0 */
/* Allocations of different sizes: neither is the size. */
// expect: struct value.pages -> ? arena
#include "case.bpf.h"

struct value {
	u64 pages;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	if (bpf_get_prandom_u32() & 1)
		v->pages = (u64)alloc_pages(1);
	else
		v->pages = (u64)alloc_pages(4);
	return 0;
}
