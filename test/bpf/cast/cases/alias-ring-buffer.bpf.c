/* SPDX-License-Identifier: GPL-2.0 */
/* A record of a ring buffer is no value of a map. */
// expect: struct value.task -> struct task_struct kernel
#include "case.bpf.h"

struct value {
	u64 task;
};
VALUE_MAP(struct_value, struct value)
struct {
	__uint(type, RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

PROGRAM(program)
{
	struct value *v = struct_value_at(0);
	u64 *record = bpf_ringbuf_reserve(&ring, 8, 0);

	if (v)
		v->task = (u64)bpf_get_current_task_btf();
	if (record) {
		*record = bpf_ktime_get_ns();
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}
