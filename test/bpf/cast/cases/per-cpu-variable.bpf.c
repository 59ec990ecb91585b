/* SPDX-License-Identifier: GPL-2.0 */
/* The address of a per-CPU variable is none; that of this CPU's copy is. */
// expect: struct value.here -> struct rq kernel
#include "case.bpf.h"

struct rq {
	u64 clock;
	int cpu;
};
extern const struct rq runqueues __ksym;
struct value {
	u64 base;
	u64 here;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (!v)
		return 0;
	v->base = (u64)&runqueues;
	v->here = (u64)bpf_this_cpu_ptr(&runqueues);
	return 0;
}
