// SPDX-License-Identifier: GPL-2.0
/* A hash map of a million entries of known contents. Each run of `fill` adds the next 10,000; 100 runs fill it. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define ENTRIES 1000000
#define SLICE 10000

char _license[] SEC("license") = "GPL";

enum kind { KIND_EVEN, KIND_ODD };

struct bench_sample {
	__u64 square;
	__u32 index;
	enum kind kind;
	__s32 negative;
	__u16 low;
	__u8 byte;
	bool odd;
	char name[16];
	__u64 mixed;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, struct bench_sample);
} million SEC(".maps");

static __u32 filled;

static long fill_one(__u32 step, void *context)
{
	__u32 index = filled + step;
	struct bench_sample value = {
		.square = (__u64)index * index,
		.index = index,
		.kind = index & 1 ? KIND_ODD : KIND_EVEN,
		.negative = -(__s32)index,
		.low = index,
		.byte = index,
		.odd = index & 1,
		.name = "sample",
		.mixed = (__u64)index * 0x9e3779b97f4a7c15ULL,
	};

	bpf_map_update_elem(&million, &index, &value, BPF_ANY);
	return 0;
}

SEC("tc")
int fill(struct __sk_buff *context)
{
	bpf_loop(SLICE, fill_one, NULL, 0);
	filled += SLICE;
	return 0;
}
