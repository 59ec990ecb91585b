/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A load for scx_lost: more tasks than CPUs, which compute for a moment and give way. Runs until it is killed.
 *
 *   work [TASKS]      6 unless told otherwise
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TASKS 6
#define SLEEP_EVERY 16
#define SLEEP_NS 300000L

static void work_forever(int number)
{
	uint32_t random = 2654435761u * (number + 1);
	struct timespec nap = { 0, SLEEP_NS };
	char name[32];

	snprintf(name, sizeof(name), "lost_worker/%d", number);
	prctl(PR_SET_NAME, name);
	for (;;) {
		random = random * 1664525 + 1013904223;
		for (volatile uint32_t left = (random >> 16) % 4000; left; left--)
			;
		if (random >> 24 < 256 / SLEEP_EVERY)
			nanosleep(&nap, NULL);
		else
			sched_yield();
	}
}

int main(int argc, char **argv)
{
	int tasks = argc > 1 ? atoi(argv[1]) : DEFAULT_TASKS;

	if (argc > 2 || tasks < 1) {
		fprintf(stderr, "usage: work [TASKS]\n");
		return 2;
	}
	for (int i = 0; i < tasks; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, 9);
			work_forever(i);
		}
	}
	for (;;)
		pause();
}
