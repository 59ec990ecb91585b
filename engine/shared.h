/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that the plugin and its host share. src/time/engine/layout.ts has the same offsets; a change here raises
 * LAYOUT. What is counted has a number of its own there (countingNumber): runs are known by it. Words are written by one
 * side only, as marked.
 */
#ifndef SHARED_H
#define SHARED_H

#include <stdint.h>

#define LAYOUT 4
#define MOST_CPUS 256
#define MOST_LOADED 128
#define MOST_PIECES 2048
#define MOST_FUNCTIONS 64
#define MILESTONES 65536
#define MILESTONE_SHIFT 20
#define EVENTS 32768

struct piece {
	uint64_t offset; /* in the RAM file; a piece lies within one page */
	uint64_t length;
};

struct control {
	/* plugin */
	uint64_t layout;
	uint64_t count; /* instructions of all vCPUs, counted as blocks are entered */
	uint64_t held; /* number of the hold that lasts; 0 while the guest runs */
	uint64_t pc, cpu, regs[16]; /* of the vCPU that is held, in the order of x86 encoding */
	uint64_t after; /* blocks that were entered since the last release */
	uint64_t hash; /* over all changes of vCPU, and the state at milestones, since the start */
	uint64_t tsc, tsc_count; /* what the guest's last RDTSC gave, and the count then */
	uint64_t head; /* events written */
	uint64_t milestones; /* how many of them are written */
	uint64_t lost_returns; /* calls whose return was not followed: too many at once */
	uint64_t previous; /* count at the entry of the block before the one that is held */
	uint64_t asks_registers; /* this build finds out itself which vCPU it is called for */
	uint64_t unknown_vcpus; /* of how many it could not */
	/* host */
	uint64_t target __attribute__((aligned(512))); /* hold at the first block from here on */
	uint64_t tsc_target; /* hold at the first block after an RDTSC that gave as much */
	uint64_t released; /* number of the hold that may end */
	uint64_t tail; /* events read */
	uint64_t generation; /* raised when one of the following has changed */
	uint64_t low_ram; /* RAM offsets from here on lie at 4 GiB; 0: all below */
	uint64_t page_root, page_levels; /* the kernel's page tables; 0: not known, so events name no task */
	uint64_t task_pid, task_comm; /* offsets in struct task_struct */
	uint64_t trace; /* report each block of this vCPU; its number + 1 */
	uint64_t holds_at_events; /* hold where something was reported: before the block of a call, after that of a store */
	uint64_t returns; /* follow calls to their return */
	uint64_t pieces, functions;
	uint64_t function[MOST_FUNCTIONS];
	uint64_t current[MOST_CPUS]; /* virtual address of each CPU's pointer to its task */
	uint64_t contexts; /* a bit for each function whose arguments are in memory at rdi: BPF programs */
	struct piece piece[MOST_PIECES]; /* by offset */
	uint64_t loaded; /* vCPUs that go on from a state with these registers; 0 where the guest boots */
	uint64_t loaded_registers[MOST_LOADED][16];
};

enum { STORE = 1, CALL = 2, RETURN = 3, BLOCK = 4 };

struct event {
	uint64_t time; /* count at the entry of the block */
	uint64_t pc;
	uint64_t task;
	uint32_t pid;
	uint16_t index; /* instructions of the block before this one */
	uint8_t kind, cpu;
	uint8_t comm[16];
	union {
		struct {
			uint64_t virtual, offset, size; /* offset in the RAM file */
			uint8_t before[16], after[16]; /* of the bytes that the store covers */
		} store;
		/* call: rdi rsi rdx rcx r8 r9 or the first words at rdi, rsp, address it returns to, how many of the six are known; return: rax, rsp and time of the call; block: length */
		uint64_t word[10]; /* the last of each: what the guest's clock says, in ns */
	};
};

#define MILESTONES_AT 65536
#define EVENTS_AT (MILESTONES_AT + 8 * MILESTONES)
#define SHARED_SIZE (EVENTS_AT + 128 * EVENTS)

_Static_assert(sizeof(struct event) == 128, "the host reads events of 128 bytes");
_Static_assert(sizeof(struct control) <= MILESTONES_AT, "milestones follow");

#endif
