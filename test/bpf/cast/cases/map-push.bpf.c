/* SPDX-License-Identifier: GPL-2.0 */
/* Queues take values too. */
// expect: struct message.sender -> struct task_struct kernel
#include "case.bpf.h"

struct message {
	u64 time;
	u64 sender;
};
struct {
	__uint(type, QUEUE);
	__uint(max_entries, 16);
	__type(value, struct message);
} queue SEC(".maps");

PROGRAM(program)
{
	struct message m = { .time = bpf_ktime_get_ns(), .sender = bpf_get_current_task() };

	bpf_map_push_elem(&queue, &m, 0);
	return 0;
}
