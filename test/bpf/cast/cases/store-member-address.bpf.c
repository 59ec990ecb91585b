/* SPDX-License-Identifier: GPL-2.0 */
/* The address of an integer member: a pointer to that integer. */
// expect: struct value.counter -> unsigned int kernel
#include "case.bpf.h"

struct source {
	u64 first;
	u32 counter;
};
struct value {
	u64 counter;
};
VALUE_MAP(source, struct source)
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct source *s = source_at(0);
	struct value *v = value_at(0);

	if (s && v)
		v->counter = (u64)&s->counter;
	return 0;
}
