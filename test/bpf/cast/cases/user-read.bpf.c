/* SPDX-License-Identifier: GPL-2.0 */
/* An address in user space is no pointer that we could follow. */
// withheld: struct value.buffer
#include "case.bpf.h"

struct value {
	u64 buffer;
};
struct packet {
	u64 length;
};
struct packet *last;
VALUE_MAP(value, struct value)

PROGRAM(program)
{
	struct value *v = value_at(0);
	u64 data = 0;

	if (!v)
		return 0;
	last = (struct packet *)v->buffer;
	bpf_probe_read_user(&data, sizeof(data), (void *)v->buffer);
	return data;
}
