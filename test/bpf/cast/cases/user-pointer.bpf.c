/* SPDX-License-Identifier: GPL-2.0 */
/* A pointer to user space stays what it is. */
// withheld: struct value.copy
#include "case.bpf.h"

struct request {
	u64 length;
};
struct holder {
	struct request __user *request;
};
struct value {
	u64 copy;
};
struct request *seen;
VALUE_MAP(holder, struct holder)
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct holder *h = holder_at(0);
	struct value *v = value_at(0);

	if (!h || !v)
		return 0;
	v->copy = (u64)h->request;
	barrier();
	seen = (struct request *)v->copy;
	return 0;
}
