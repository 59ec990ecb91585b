/* SPDX-License-Identifier: GPL-2.0 */
/* Pages of the arena: the type is not known, the size is. */
// expect: struct value.pages -> ? arena size 8192
#include "case.bpf.h"

struct value {
	u64 pages;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		v->pages = (u64)alloc_pages(2);
	return 0;
}
