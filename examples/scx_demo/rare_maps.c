// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the maps that gallery.bpf.c cannot hold: types that not every kernel has, types that need a program of
 * their own to be filled, slots that carry programs. Programs are written as instructions, so that one binary runs
 * on every kernel. Stays alive to keep everything open.
 *
 *   rare_maps
 *
 * Prints one line per map that this kernel does not make, with the reason, then "rare_maps: ready". README.md says what
 * is in each map.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Newer than the headers this may be built with. */
#define MAP_TYPE_INSN_ARRAY 34
#define MAP_TYPE_RHASH 35
#define RINGBUF_OVERWRITE (1U << 19)
/* Offset of fd_array_cnt in the attributes of BPF_PROG_LOAD, and their size with it. */
#define FD_ARRAY_COUNT 148
#define LOAD_SIZE 152

#define LOOPBACK_INDEX 1
#define CGROUP "/sys/fs/cgroup/rare_maps"
#define RING_BYTES 4096
#define OVERWRITE_RECORDS 600
#define MAX_CPUS 256
#define CPUMAP_QUEUE 64

#define INSN(CODE, DST, SRC, OFF, IMM) \
	((struct bpf_insn){ .code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF), .imm = (IMM) })
#define MOV_IMM(DST, IMM) INSN(BPF_ALU64 | BPF_MOV | BPF_K, DST, 0, 0, IMM)
#define MOV_REG(DST, SRC) INSN(BPF_ALU64 | BPF_MOV | BPF_X, DST, SRC, 0, 0)
#define ADD_IMM(DST, IMM) INSN(BPF_ALU64 | BPF_ADD | BPF_K, DST, 0, 0, IMM)
#define SHIFT_RIGHT(DST, IMM) INSN(BPF_ALU64 | BPF_RSH | BPF_K, DST, 0, 0, IMM)
#define JUMP_NOT(DST, IMM, OFF) INSN(BPF_JMP | BPF_JNE | BPF_K, DST, 0, OFF, IMM)
#define LOAD64(DST, SRC, OFF) INSN(BPF_LDX | BPF_DW | BPF_MEM, DST, SRC, OFF, 0)
#define STORE64(DST, SRC, OFF) INSN(BPF_STX | BPF_DW | BPF_MEM, DST, SRC, OFF, 0)
#define LOAD_MAP(DST, MAP) INSN(BPF_LD | BPF_DW | BPF_IMM, DST, BPF_PSEUDO_MAP_FD, 0, MAP), INSN(0, 0, 0, 0, 0)
#define CALL(HELPER) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, HELPER)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* As struct specimen of gallery_types.bpf.h. */
struct specimen {
	uint32_t number;
	uint32_t cpu;
	char text[12];
};

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* A negative result was reported already. */
static int report(const char *name, int result)
{
	if (result < 0)
		printf("rare_maps: %s: %s\n", name, strerror(errno));
	return result;
}

static int make_map(const char *name, uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr = {
		.map_type = type, .key_size = key, .value_size = value, .max_entries = entries, .map_flags = flags,
	};

	strncpy(attr.map_name, name, sizeof(attr.map_name) - 1);
	return report(name, bpf(BPF_MAP_CREATE, &attr));
}

static int put(const char *name, int map, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = map, .key = (uintptr_t)key, .value = (uintptr_t)value, .flags = BPF_ANY };

	return report(name, bpf(BPF_MAP_UPDATE_ELEM, &attr));
}

static int load(const char *name, uint32_t type, uint32_t attach_type, const struct bpf_insn *insns, uint32_t count, int *maps,
		uint32_t map_count)
{
	union {
		union bpf_attr attr;
		char bytes[LOAD_SIZE];
	} load = { .bytes = { 0 } };

	load.attr.prog_type = type;
	load.attr.expected_attach_type = attach_type;
	load.attr.insns = (uintptr_t)insns;
	load.attr.insn_cnt = count;
	load.attr.license = (uintptr_t)"GPL";
	load.attr.fd_array = (uintptr_t)maps;
	load.attr.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
	strncpy(load.attr.prog_name, name, sizeof(load.attr.prog_name) - 1);
	memcpy(load.bytes + FD_ARRAY_COUNT, &map_count, sizeof(map_count));
	return report(name, syscall(SYS_bpf, BPF_PROG_LOAD, &load, LOAD_SIZE));
}

static struct specimen make_specimen(uint32_t number, uint32_t cpu, const char *text)
{
	struct specimen specimen = { .number = number, .cpu = cpu };

	strncpy(specimen.text, text, sizeof(specimen.text) - 1);
	return specimen;
}

/*
 * The storages that cgrp_storage replaced: made when a program that uses them is attached, one of each kind to a program.
 * Keys of 16 bytes tell attach types apart, keys of 8 do not.
 */
static void fill_cgroup_storages(void)
{
	int plain = make_map("rare_cgroup", BPF_MAP_TYPE_CGROUP_STORAGE, sizeof(struct bpf_cgroup_storage_key), sizeof(struct specimen), 0, 0);
	int per_cpu = make_map("rare_cgroup_cpu", BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, sizeof(uint64_t), sizeof(struct specimen), 0, 0);
	struct bpf_insn insns[] = {
		LOAD_MAP(BPF_REG_1, plain), MOV_IMM(BPF_REG_2, 0), CALL(BPF_FUNC_get_local_storage),
		LOAD_MAP(BPF_REG_1, per_cpu), MOV_IMM(BPF_REG_2, 0), CALL(BPF_FUNC_get_local_storage),
		MOV_IMM(BPF_REG_0, 1), EXIT(),
	};
	struct bpf_cgroup_storage_key key = { .attach_type = BPF_CGROUP_INET_EGRESS };
	/* The kernel takes values of all CPUs, each rounded up to 8 bytes. */
	static struct {
		struct specimen specimen;
		uint32_t rest;
	} values[MAX_CPUS];
	struct specimen specimen = make_specimen(5, 0, "per cgroup");
	union bpf_attr attach = { .attach_type = BPF_CGROUP_INET_EGRESS, .attach_flags = BPF_F_ALLOW_MULTI };
	struct stat status;
	int cgroup;

	if (plain < 0 || per_cpu < 0)
		return;
	if (mkdir(CGROUP, 0755) && errno != EEXIST) {
		printf("rare_maps: %s: %s\n", CGROUP, strerror(errno));
		return;
	}
	cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY);
	attach.target_fd = cgroup;
	attach.attach_bpf_fd = load("rare_egress", BPF_PROG_TYPE_CGROUP_SKB, 0, insns, COUNT(insns), NULL, 0);
	if (cgroup < 0 || (int)attach.attach_bpf_fd < 0 || report("rare_cgroup", bpf(BPF_PROG_ATTACH, &attach)) < 0 || fstat(cgroup, &status))
		return;
	key.cgroup_inode_id = status.st_ino;
	put("rare_cgroup", plain, &key, &specimen);
	for (uint32_t cpu = 0; cpu < MAX_CPUS; cpu++)
		values[cpu].specimen = make_specimen(6, cpu, "per CPU");
	put("rare_cgroup_cpu", per_cpu, &key.cgroup_inode_id, values);
}

/* One stack of this process, as offsets into files with their build ids. */
static void fill_build_id_stacks(void)
{
	int map = make_map("rare_stacks", BPF_MAP_TYPE_STACK_TRACE, 4, 8 * sizeof(struct bpf_stack_build_id), 16, BPF_F_STACK_BUILD_ID);
	struct bpf_insn insns[] = {
		MOV_REG(BPF_REG_6, BPF_REG_1), CALL(BPF_FUNC_get_current_pid_tgid), SHIFT_RIGHT(BPF_REG_0, 32),
		JUMP_NOT(BPF_REG_0, getpid(), 5), MOV_REG(BPF_REG_1, BPF_REG_6), LOAD_MAP(BPF_REG_2, map),
		MOV_IMM(BPF_REG_3, BPF_F_USER_STACK), CALL(BPF_FUNC_get_stackid), MOV_IMM(BPF_REG_0, 0), EXIT(),
	};
	union bpf_attr attr = { .raw_tracepoint = { .name = (uintptr_t)"sys_enter" } };
	int link;

	if (map < 0)
		return;
	attr.raw_tracepoint.prog_fd = load("rare_stack", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, insns, COUNT(insns), NULL, 0);
	if ((int)attr.raw_tracepoint.prog_fd < 0)
		return;
	link = report("rare_stacks", bpf(BPF_RAW_TRACEPOINT_OPEN, &attr));
	if (link < 0)
		return;
	syscall(SYS_getppid);
	close(link);
}

/* A jump table of instructions 0, 2 and 5. */
static void fill_jumps(void)
{
	struct {
		uint32_t original, xlated, jited, rest;
	} value = { 0 };
	static const uint32_t offsets[] = { 0, 2, 5 };
	struct bpf_insn insns[] = {
		MOV_IMM(BPF_REG_0, 4), MOV_IMM(BPF_REG_0, 3), MOV_IMM(BPF_REG_0, 2),
		MOV_IMM(BPF_REG_0, 1), MOV_IMM(BPF_REG_0, 0), EXIT(),
	};
	int map = make_map("rare_jumps", MAP_TYPE_INSN_ARRAY, 4, sizeof(value), COUNT(offsets), 0);
	union bpf_attr freeze = { .map_fd = map };

	if (map < 0)
		return;
	for (uint32_t i = 0; i < COUNT(offsets); i++) {
		value.original = offsets[i];
		put("rare_jumps", map, &i, &value);
	}
	if (report("rare_jumps", bpf(BPF_MAP_FREEZE, &freeze)) == 0)
		load("rare_jumper", BPF_PROG_TYPE_XDP, 0, insns, COUNT(insns), &map, 1);
}

/* A hash table that grows: n to n * n, keys of 4 and of 8 bytes. */
static void fill_growing_hash(void)
{
	int narrow = make_map("rare_rhash", MAP_TYPE_RHASH, 4, 8, 1000, BPF_F_NO_PREALLOC);
	int wide = make_map("rare_rhash_wide", MAP_TYPE_RHASH, 8, 8, 1000, BPF_F_NO_PREALLOC);

	for (uint32_t i = 0; i < 300; i++) {
		uint64_t key = i, value = key * key;

		if (narrow >= 0)
			put("rare_rhash", narrow, &i, &value);
		if (wide >= 0)
			put("rare_rhash_wide", wide, &key, &value);
	}
}

/* A ring that drops its oldest records: 600 of 16 bytes with their headers, 256 of which fit. */
static void fill_overwriting_ring(void)
{
	int map = make_map("rare_overwrite", BPF_MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, RINGBUF_OVERWRITE);
	struct bpf_insn insns[] = {
		LOAD64(BPF_REG_7, BPF_REG_1, 0), STORE64(BPF_REG_10, BPF_REG_7, -8), LOAD_MAP(BPF_REG_1, map),
		MOV_REG(BPF_REG_2, BPF_REG_10), ADD_IMM(BPF_REG_2, -8), MOV_IMM(BPF_REG_3, 8),
		MOV_IMM(BPF_REG_4, BPF_RB_NO_WAKEUP), CALL(BPF_FUNC_ringbuf_output), MOV_IMM(BPF_REG_0, 0), EXIT(),
	};
	int program;

	if (map < 0)
		return;
	program = load("rare_writer", BPF_PROG_TYPE_SYSCALL, 0, insns, COUNT(insns), NULL, 0);
	for (uint64_t n = 0; program >= 0 && n < OVERWRITE_RECORDS; n++) {
		union bpf_attr attr = { .test = { .prog_fd = program, .ctx_in = (uintptr_t)&n, .ctx_size_in = sizeof(n) } };

		if (report("rare_overwrite", bpf(BPF_PROG_TEST_RUN, &attr)) < 0)
			return;
	}
}

/* Three records of user space: one done, one discarded, one being written. */
static void fill_user_ring(void)
{
	int map = make_map("rare_user_ring", BPF_MAP_TYPE_USER_RINGBUF, 0, 0, RING_BYTES, 0);
	static const uint32_t flags[] = { 0, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_BUSY_BIT };
	long page = sysconf(_SC_PAGESIZE);
	uint64_t position = 0;
	char *memory;

	if (map < 0)
		return;
	memory = mmap(NULL, page + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, map, page);
	if (memory == MAP_FAILED) {
		report("rare_user_ring", -1);
		return;
	}
	for (uint32_t i = 0; i < COUNT(flags); i++) {
		*(uint32_t *)(memory + page + position) = 12 | flags[i];
		snprintf(memory + page + position + BPF_RINGBUF_HDR_SZ, 12, "record %u", i);
		position += BPF_RINGBUF_HDR_SZ + 16;
	}
	__atomic_store_n((uint64_t *)memory, position, __ATOMIC_RELEASE);
}

/* A unix socket with a name and a listening one of IPv6; the hash holds them under 6 bytes. */
static void fill_sockets(void)
{
	int map = make_map("rare_sockets", BPF_MAP_TYPE_SOCKHASH, 6, 8, 8, 0);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), listener = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/tmp/rare_maps.socket" };
	struct sockaddr_in6 local = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons(4242) };
	uint64_t file;

	if (map < 0)
		return;
	unlink(address.sun_path);
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) || listen(server, 1) ||
	    connect(client, (struct sockaddr *)&address, sizeof(address))) {
		report("rare_sockets", -1);
		return;
	}
	file = accept(server, NULL, NULL);
	put("rare_sockets", map, "unix\0", &file);
	if (bind(listener, (struct sockaddr *)&local, sizeof(local)) || listen(listener, 1)) {
		report("rare_sockets", -1);
		return;
	}
	file = listener;
	put("rare_sockets", map, "inet6", &file);
}

/* Slots with a program of their own. */
static void fill_redirects(void)
{
	struct bpf_insn insns[] = { MOV_IMM(BPF_REG_0, 2), EXIT() };
	int devices = make_map("rare_devices", BPF_MAP_TYPE_DEVMAP, 4, 8, 4, 0);
	int targets = make_map("rare_targets", BPF_MAP_TYPE_CPUMAP, 4, 8, 4, 0);
	struct {
		uint32_t number;
		int program;
	} value = { .number = LOOPBACK_INDEX };
	uint32_t key = 3;

	value.program = load("rare_device", BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, insns, COUNT(insns), NULL, 0);
	if (devices >= 0 && value.program >= 0)
		put("rare_devices", devices, &key, &value);
	key = 0;
	value.number = CPUMAP_QUEUE;
	value.program = load("rare_target", BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, insns, COUNT(insns), NULL, 0);
	if (targets >= 0 && value.program >= 0)
		put("rare_targets", targets, &key, &value);
}

int main(void)
{
	prctl(PR_SET_NAME, "demo_rare_maps");
	fill_cgroup_storages();
	fill_build_id_stacks();
	fill_jumps();
	fill_growing_hash();
	fill_overwriting_ring();
	fill_user_ring();
	fill_sockets();
	fill_redirects();
	printf("rare_maps: ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
