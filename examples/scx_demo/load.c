/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A load that keeps the demo scheduler busy. Runs until it is killed.
 *
 *   load [WORKERS]      6 workers unless told otherwise
 *
 * - demo_worker/N   computes, then sleeps; odd ones are niced, so that both queues are used
 * - demo_pinned     the same, on CPU 0 only
 * - demo_sleeper    sleeps, briefly awake ten times a second
 * - demo_threads    a process with three threads demo_thread/N
 * - demo_forker     forks short-lived children demo_child
 *
 *   load --tasks N      instead: N more sleeping threads demo_task, all at once, for size
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_WORKERS 6
#define NICE_OF_ODD_WORKERS 5
#define THREADS 3
#define SMALL_STACK (64 * 1024)

static void set_name(const char *format, int number)
{
	char name[16];

	snprintf(name, sizeof(name), format, number);
	prctl(PR_SET_NAME, name);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void compute_ms(unsigned int ms)
{
	uint64_t end = now_ms() + ms;
	volatile uint64_t sum = 0;

	while (now_ms() < end)
		for (int i = 0; i < 1000; i++)
			sum += i;
}

static void work_forever(int number)
{
	for (;;) {
		compute_ms(10 + 5 * (number % 4));
		sleep_ms(20 + 7 * (number % 5));
	}
}

static void *thread_main(void *argument)
{
	int number = (int)(intptr_t)argument;

	set_name("demo_thread/%d", number);
	work_forever(number);
	return NULL;
}

static void *idle_main(void *argument)
{
	(void)argument;
	set_name("demo_task", 0);
	pause();
	return NULL;
}

static void run_worker(int number)
{
	set_name("demo_worker/%d", number);
	if (number % 2)
		setpriority(PRIO_PROCESS, 0, NICE_OF_ODD_WORKERS);
	work_forever(number);
}

static void run_pinned(int number)
{
	cpu_set_t first;

	set_name("demo_pinned", 0);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	work_forever(number);
}

static void run_sleeper(int number)
{
	(void)number;
	set_name("demo_sleeper", 0);
	for (;;)
		sleep_ms(100);
}

static void run_threads(int number)
{
	pthread_t thread;

	(void)number;
	set_name("demo_threads", 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, thread_main, (void *)(intptr_t)i);
	for (;;)
		pause();
}

static void run_forker(int number)
{
	(void)number;
	set_name("demo_forker", 0);
	for (;;) {
		pid_t child = fork();

		if (child == 0) {
			set_name("demo_child", 0);
			compute_ms(2);
			sleep_ms(50);
			_exit(0);
		}
		sleep_ms(150);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void start(void (*run)(int), int number)
{
	pid_t child = fork();

	if (child < 0) {
		fprintf(stderr, "load: cannot fork: %s\n", strerror(errno));
		exit(1);
	}
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(number);
		_exit(0);
	}
}

static int start_many(long count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	long made = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, SMALL_STACK);
	while (made < count && !pthread_create(&thread, &attributes, idle_main, NULL))
		made++;
	printf("load: %ld of %ld tasks\n", made, count);
	fflush(stdout);
	for (;;)
		pause();
	return 0;
}

int main(int argc, char **argv)
{
	int workers = argc == 2 ? atoi(argv[1]) : DEFAULT_WORKERS;

	if (argc == 3 && !strcmp(argv[1], "--tasks"))
		return start_many(atol(argv[2]));
	if (argc > 2 || workers < 0) {
		fprintf(stderr, "usage: load [WORKERS]\n       load --tasks N\n");
		return 2;
	}
	set_name("demo_load", 0);
	for (int i = 0; i < workers; i++)
		start(run_worker, i);
	start(run_pinned, 1);
	start(run_sleeper, 0);
	start(run_threads, 0);
	start(run_forker, 0);
	for (;;)
		pause();
}
