/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace-multi ID...: attaches one program to the functions with these ids in the kernel's BTF, by one link of type
 * tracing_multi, and a program of type fsession to the first alone, and holds both. With raw calls, for libbpf of today
 * knows no such links.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRACE_FSESSION 58
#define TRACE_FENTRY_MULTI 59

/* What bpf(BPF_LINK_CREATE) takes for them. */
struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t ids, cookies;
	uint32_t count;
};

int main(int argc, char **argv)
{
	static uint32_t ids[64];
	static char log[65536];
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.insns = (uintptr_t)program,
		.insn_cnt = 2,
		.license = (uintptr_t) "GPL",
		.expected_attach_type = TRACE_FENTRY_MULTI,
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	union bpf_attr attr;
	struct link_create link = { .attach_type = TRACE_FENTRY_MULTI, .ids = (uintptr_t)ids };
	int fd;

	strcpy(load.prog_name, "traces_several");
	for (int i = 1; i < argc && i <= 64; i++)
		ids[link.count++] = strtoul(argv[i], NULL, 0);
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	if (fd < 0) {
		perror("load");
		puts(log);
		return 1;
	}
	link.prog_fd = fd;
	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, &link, sizeof(link));
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0) {
		perror("attach");
		return 1;
	}

	/* Before and after the function, by one program. */
	strcpy(load.prog_name, "traces_session");
	load.expected_attach_type = TRACE_FSESSION;
	load.attach_btf_id = ids[0];
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	if (fd < 0) {
		perror("load session");
		puts(log);
		return 1;
	}
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = fd;
	attr.link_create.attach_type = TRACE_FSESSION;
	if (syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) < 0) {
		perror("attach session");
		return 1;
	}
	puts("traced");
	fflush(stdout);
	pause();
	return 0;
}
