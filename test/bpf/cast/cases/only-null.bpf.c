/* SPDX-License-Identifier: GPL-2.0 */
/* Null alone proves nothing. */
#include "case.bpf.h"

struct value {
	u64 word;
};
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		v->word = 0;
	return 0;
}
