/* SPDX-License-Identifier: GPL-2.0 */
/* Two kinds of structs with the same first member: only the member is common. */
// expect: struct value.item -> struct link kernel
#include "case.bpf.h"

struct link {
	u64 serial;
};
struct apple {
	struct link link;
	u64 weight;
};
struct pear {
	struct link link;
	u32 color;
};
struct value {
	u64 item;
};
VALUE_MAP(apple, struct apple)
VALUE_MAP(pear, struct pear)
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct apple *a = apple_at(0);
	struct pear *p = pear_at(0);
	struct value *v = value_at(0);

	if (!a || !p || !v)
		return 0;
	if (bpf_get_prandom_u32() & 1)
		v->item = (u64)a;
	else
		v->item = (u64)p;
	return 0;
}
