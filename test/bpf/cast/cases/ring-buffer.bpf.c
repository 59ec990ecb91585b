/* SPDX-License-Identifier: GPL-2.0 */
/* Records of a ring buffer have no type in BTF: what is stored there says nothing of any struct. */
#include "case.bpf.h"

struct record {
	u64 task;
	u64 time;
};
struct {
	__uint(type, RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

PROGRAM(program)
{
	struct record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r)
		return 0;
	r->task = (u64)bpf_get_current_task_btf();
	r->time = bpf_ktime_get_ns();
	bpf_ringbuf_submit(r, 0);
	return 0;
}
