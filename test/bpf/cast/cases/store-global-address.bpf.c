/* SPDX-License-Identifier: GPL-2.0 */
/* The address of a global variable, and of a member in one. */
// expect: struct value.whole -> struct settings kernel
// expect: struct value.inner -> struct limits kernel
#include "case.bpf.h"

struct limits {
	u64 least;
	u64 most;
};
struct settings {
	u64 version;
	struct limits limits;
};
struct settings settings;
struct value {
	u64 whole;
	u64 inner;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->whole = (u64)&settings;
	v->inner = (u64)&settings.limits;
	return 0;
}
