/* SPDX-License-Identifier: GPL-2.0 */
/* The difference of two pointers is a number. */
#include "case.bpf.h"

struct entry {
	u64 x[4];
};
struct value {
	u64 index;
};
struct entry entries[8];
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct entry *e = &entries[bpf_get_prandom_u32() & 7];

	hide(e);
	if (v)
		v->index = e - entries;
	return 0;
}
