/* SPDX-License-Identifier: GPL-2.0 */
/* One of the sources is set by nobody whom we see. */
// withheld: struct value.word
#include "case.bpf.h"

struct given {
	u64 word;
};
struct value {
	u64 word;
};
VALUE_MAP(given, struct given)
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	struct given *g = given_at(0);

	if (!v || !g)
		return 0;
	v->word = (u64)bpf_get_current_task_btf();
	barrier();
	v->word = g->word;
	return 0;
}
