/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fills those gallery maps that hold things of user space, and stays alive to keep the sockets open.
 *
 *   populate DIRECTORY      where bpftool pinned the gallery's maps
 *
 * Prints one line per map that could not be filled, with the reason, then "populate: ready". README.md says what is in
 * each map.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#define LOOPBACK_INDEX 1
#define CPUMAP_QUEUE 192
#define CGROUP_ROOT "/sys/fs/cgroup"
#define RING_BYTES 4096
#define RING_HEADER_BYTES 8
#define USER_RECORDS 3

/* As struct specimen of gallery_types.bpf.h. */
struct specimen {
	uint32_t number;
	uint32_t cpu;
	char text[12];
};

static const char *directory;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int open_map(const char *name)
{
	char path[256];
	union bpf_attr attr = { .pathname = (uintptr_t)path };

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return bpf(BPF_OBJ_GET, &attr);
}

/* The map stays open: a perf event array drops what was stored through a file that is closed. */
static void put(const char *name, const void *key, const void *value)
{
	int map = open_map(name);
	union bpf_attr attr = { .map_fd = map, .key = (uintptr_t)key, .value = (uintptr_t)value, .flags = BPF_ANY };

	if (map < 0 || bpf(BPF_MAP_UPDATE_ELEM, &attr))
		printf("populate: %s: %s\n", name, strerror(errno));
}

static void put_file(const char *name, uint32_t key, int file)
{
	uint64_t wide = file;
	uint32_t narrow = file;
	int is_wide = !strcmp(name, "sockets") || !strcmp(name, "socket_hash") || !strcmp(name, "reuse_sockets");

	put(name, &key, is_wide ? (void *)&wide : (void *)&narrow);
}

static struct specimen make_specimen(uint32_t number, const char *text)
{
	struct specimen specimen = { .number = number };

	strncpy(specimen.text, text, sizeof(specimen.text) - 1);
	return specimen;
}

static void fill_devices(void)
{
	struct {
		uint32_t ifindex, program;
	} device = { LOOPBACK_INDEX, 0 };
	struct {
		uint32_t queue_size, program;
	} target = { CPUMAP_QUEUE, 0 };
	uint32_t key = 0;

	put("cpu_targets", &key, &target);
	key = 1;
	put("devices", &key, &device);
	key = 77;
	put("device_hash", &key, &device);
}

/* A connected pair over loopback; both ends go to the maps. */
static void fill_sockets(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct specimen specimen = make_specimen(1, "a socket");
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int udp = socket(AF_INET, SOCK_DGRAM, 0), one = 1, server;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 4) ||
	    getsockname(listener, (struct sockaddr *)&address, &length) ||
	    connect(client, (struct sockaddr *)&address, sizeof(address)) || (server = accept(listener, NULL, NULL)) < 0) {
		printf("populate: no loopback connection: %s\n", strerror(errno));
		return;
	}
	put_file("sockets", 0, client);
	put_file("sockets", 2, server);
	put_file("socket_hash", 1000, client);
	put("socket_notes", &client, &specimen);

	address.sin_port = 0;
	setsockopt(udp, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (!bind(udp, (struct sockaddr *)&address, sizeof(address)))
		put_file("reuse_sockets", 3, udp);
}

/* The kernel takes only a socket that has a receive ring. */
static void fill_xdp_sockets(void)
{
	int xdp = socket(AF_XDP, SOCK_RAW, 0), descriptors = 64;

	if (xdp < 0 || setsockopt(xdp, SOL_XDP, XDP_RX_RING, &descriptors, sizeof(descriptors)))
		printf("populate: no XDP socket: %s\n", strerror(errno));
	else
		put_file("xdp_sockets", 0, xdp);
}

static void fill_cgroups(void)
{
	int root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY);
	struct specimen specimen = make_specimen(2, "a cgroup");

	if (root < 0) {
		printf("populate: %s: %s\n", CGROUP_ROOT, strerror(errno));
		return;
	}
	put_file("cgroups", 0, root);
	put("cgroup_notes", &root, &specimen);
}

static void fill_notes(void)
{
	int task = syscall(SYS_pidfd_open, 1, 0), inode = open("/", O_RDONLY | O_DIRECTORY);
	struct specimen task_specimen = make_specimen(3, "a task"), inode_specimen = make_specimen(4, "an inode");

	put("task_notes", &task, &task_specimen);
	put("inode_notes", &inode, &inode_specimen);
}

/* Memory of this task that a program may read, and this task as the one to give work to. */
static void fill_fields(void)
{
	/* As struct user_words, struct shared_slot and struct task_work_slot of fields.bpf.c. */
	static struct {
		uint64_t first, second;
		char text[16];
	} words __attribute__((aligned(64))) = { 11, 22, "of user space" };
	struct {
		uint32_t number;
		void *words;
	} shared = { 7, &words };
	struct {
		int32_t pid;
		uint32_t runs;
		uint64_t work;
	} slot = { getpid(), 0, 0 };
	int task = syscall(SYS_pidfd_open, getpid(), 0);
	uint32_t key = 0;

	if (open_map("works") < 0)
		return; /* start.sh said why */
	put("shared_words", &task, &shared);
	put("task_works", &key, &slot);
}

static void fill_perf_events(void)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(event), .config = PERF_COUNT_SW_BPF_OUTPUT };

	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		int file = syscall(SYS_perf_event_open, &event, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (file >= 0)
			put_file("perf_events", cpu, file);
		else if (cpu == 0)
			printf("populate: perf_events: %s\n", strerror(errno));
	}
}

/* Three records "user record N" of 16 bytes that no program drains. Layout: producer page, then data, behind the consumer page. */
static void fill_user_ring(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int map = open_map("user_ring");
	char *memory = mmap(NULL, page + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, map, page);
	uint64_t position = 0;

	if (map < 0 || memory == MAP_FAILED) {
		printf("populate: user_ring: %s\n", strerror(errno));
		return;
	}
	for (int i = 0; i < USER_RECORDS; i++) {
		char *record = memory + page + position;

		*(uint32_t *)record = 16;
		snprintf(record + RING_HEADER_BYTES, 16, "user record %d", i);
		position += RING_HEADER_BYTES + 16;
	}
	__atomic_store_n((uint64_t *)memory, position, __ATOMIC_RELEASE);
}

/* Consumes everything in the ring buffer by moving the consumer position to the producer position. */
static void consume_ring(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int map = open_map("ring");
	uint64_t *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	uint64_t *producer = mmap(NULL, page, PROT_READ, MAP_SHARED, map, page);

	if (map < 0 || consumer == MAP_FAILED || producer == MAP_FAILED) {
		printf("populate: ring: %s\n", strerror(errno));
		return;
	}
	__atomic_store_n(consumer, __atomic_load_n(producer, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: populate DIRECTORY\n");
		return 2;
	}
	directory = argv[1];
	prctl(PR_SET_NAME, "demo_populate");
	fill_devices();
	fill_sockets();
	fill_xdp_sockets();
	fill_cgroups();
	fill_notes();
	fill_perf_events();
	fill_fields();
	fill_user_ring();
	consume_ring();
	printf("populate: ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
