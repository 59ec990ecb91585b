/* SPDX-License-Identifier: GPL-2.0 */
/* A register that leads to many structs changes nothing of those that nothing is stored in through it. */
// expect: struct v0.task -> struct task_struct kernel
// withheld: struct v9.task
#include "case.bpf.h"

#define S(n) struct v##n { u64 task, a##n[n + 1]; }; VALUE_MAP(v##n, struct v##n)
S(0) S(1) S(2) S(3) S(4) S(5) S(6) S(7) S(8) S(9)

PROGRAM(program)
{
	struct v0 *zero = v0_at(0);
	struct v9 *nine = v9_at(0);
	void *any = zero;
	u32 which = bpf_get_prandom_u32();

	if (zero)
		zero->task = (u64)bpf_get_current_task_btf();
	if (nine)
		nine->task = (u64)bpf_get_current_task_btf();
	switch (which & 15) {
	case 1: any = v1_at(1); break;
	case 2: any = v2_at(2); break;
	case 3: any = v3_at(3); break;
	case 4: any = v4_at(4); break;
	case 5: any = v5_at(5); break;
	case 6: any = v6_at(6); break;
	case 7: any = v7_at(7); break;
	case 8: any = v8_at(8); break;
	}
	hide(any);
	if (any && *(u64 *)any == 77)
		return 1;
	any = nine;
	switch (which & 15) {
	case 1: any = v1_at(1); break;
	case 2: any = v2_at(2); break;
	case 3: any = v3_at(3); break;
	case 4: any = v4_at(4); break;
	case 5: any = v5_at(5); break;
	case 6: any = v6_at(6); break;
	case 7: any = v7_at(7); break;
	case 8: any = v8_at(8); break;
	}
	hide(any);
	if (any)
		*(u64 *)any = bpf_ktime_get_ns();
	return 0;
}
