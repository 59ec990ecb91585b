/* SPDX-License-Identifier: GPL-2.0 */
/* What is stored in a pointer of user space or of per-CPU memory is no pointer that can be followed as it is. */
#include "case.bpf.h"

#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))

struct node {
	u64 count;
};
struct holder {
	struct node __user *user;
	struct node __percpu_kptr *counts;
};
u64 from_user, of_each_cpu;
VALUE_MAP(holder, struct holder)

PROGRAM(program)
{
	struct holder *h = holder_at(0);

	if (!h)
		return 0;
	h->user = (struct node __user *)from_user;
	h->counts = (struct node __percpu_kptr *)of_each_cpu;
	return 0;
}
