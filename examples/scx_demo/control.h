/* SPDX-License-Identifier: GPL-2.0 */
/* The switches. Shared by the scheduler and the tracing programs; set from inside the guest by control.sh. */
#pragma once

enum stall_mode {
	STALL_NONE = 0,
	STALL_PID = 1,	/* the task whose pid is stall_pid */
	STALL_COMM = 2, /* tasks whose comm starts with stall_comm */
	STALL_USER = 3, /* every task that is not a kernel thread */
};

/* control.sh writes these 28 bytes; keep the two in step. */
struct demo_control {
	u32 pause; /* non-zero: schedule on, but write no map, global, storage or arena memory */
	u32 stall; /* enum stall_mode */
	s32 stall_pid;
	char stall_comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct demo_control);
} control SEC(".maps");

static __always_inline const struct demo_control *demo_control(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline bool demo_paused(void)
{
	const struct demo_control *switches = demo_control();

	return !switches || switches->pause;
}
