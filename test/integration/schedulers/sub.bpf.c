/* SPDX-License-Identifier: GPL-2.0 */
/* The scheduler of one cgroup. Its root does not let it queue tasks anywhere: those of the cgroup wait. */
#include "ops.h"

u64 runs;

SEC("struct_ops/sub_running") void sub_running(u64 *ctx)
{
	uses_arena();
	__sync_fetch_and_add(&runs, 1);
}

SEC(".struct_ops.link")
struct sched_ext_ops_cid sub_ops = {
	.running = (void *)sub_running,
	.sub_cgroup_id = CGROUP_ID,
	.timeout_ms = 29000,
	.name = "test_sub",
};
