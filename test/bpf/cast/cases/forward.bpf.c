/* SPDX-License-Identifier: GPL-2.0 */
/* The struct is declared and never defined. */
// expect: struct value.secret -> struct hidden arena
#include "case.bpf.h"

struct hidden;
struct value {
	u64 secret;
};
struct hidden __arena *hidden;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	asm volatile("" ::"r"(&arena));
	if (!v)
		return 0;
	v->secret = (u64)hidden;
	return *(u32 __arena *)hidden;
}
