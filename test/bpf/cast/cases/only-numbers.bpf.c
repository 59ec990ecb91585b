/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of all kinds. */
#include "case.bpf.h"

struct value {
	u64 a, b, c, d;
	s64 e;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->a += bpf_ktime_get_ns();
	v->b = v->a * 3 - v->c;
	v->c = bpf_get_smp_processor_id();
	v->d = v->b ? v->c : v->d;
	v->e = -1;
	return 0;
}
