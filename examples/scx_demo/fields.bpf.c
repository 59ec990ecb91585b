/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fields: maps whose values have fields that only newer kernels know: work queues, pointers to memory of user space,
 * task work. An object of its own, so that the gallery loads where this does not. populate.c says whose memory and
 * whose task; then `bpftool prog run` runs fields_fill once.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kfuncs.bpf.h"

char _license[] SEC("license") = "GPL";

#define __uptr __attribute__((btf_type_tag("uptr")))

struct work_slot {
	u32 number;
	u32 runs;
	struct bpf_wq work;
};

/* Entry 0 is set up and has run, entry 1 was never used. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct work_slot);
} works SEC(".maps");

struct user_words {
	u64 first, second;
	char text[16];
};

/* Brings the whole type into BTF, which the kernel asks for. */
struct user_words unused_words;

struct shared_slot {
	u32 number;
	struct user_words __uptr *words;
};

/* One entry, made by populate.c for itself: 7, and a struct user_words in its own memory. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct shared_slot);
} shared_words SEC(".maps");

struct task_work_slot {
	s32 pid; /* whose: populate.c writes its own */
	u32 runs;
	struct bpf_task_work work;
};

/* Entry 0 waits for populate.c to return to user space, which it does not; entry 1 was never used. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct task_work_slot);
} task_works SEC(".maps");

int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym __weak;
int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym __weak;
int bpf_wq_set_callback_impl(struct bpf_wq *wq, int(callback)(void *map, int *key, void *value), unsigned int flags,
			     void *aux__prog) __ksym __weak;
int bpf_wq_set_callback(struct bpf_wq *wq, int(callback)(void *map, int *key, void *value), unsigned int flags)
	__ksym __weak;
int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work, void *map,
				       bpf_task_work_callback_t callback, void *aux__prog) __ksym __weak;
int bpf_task_work_schedule_resume(struct task_struct *task, struct bpf_task_work *work, void *map,
				  bpf_task_work_callback_t callback) __ksym __weak;
int bpf_stream_vprintk_impl(int stream, const char *fmt__str, const void *args, u32 len__sz, void *aux__prog)
	__ksym __weak;
int bpf_stream_vprintk(int stream, const char *fmt__str, const void *args, u32 len__sz) __ksym __weak;

enum { STDOUT = 1, STDERR = 2 };

/* Nobody in the guest reads it. */
static __always_inline int print(int stream, const char *format, u64 argument)
{
	/* Later kernels hand the last argument over themselves. */
	if (bpf_ksym_exists(bpf_stream_vprintk_impl))
		return bpf_stream_vprintk_impl(stream, format, &argument, sizeof(argument), NULL);
	if (bpf_ksym_exists(bpf_stream_vprintk))
		return bpf_stream_vprintk(stream, format, &argument, sizeof(argument));
	return 0;
}

static int work_runs(void *map, int *key, void *value)
{
	struct work_slot *slot = value;

	slot->runs++;
	return 0;
}

static int task_work_runs(struct bpf_map *map, void *key, void *value)
{
	struct task_work_slot *slot = value;

	slot->runs++;
	return 0;
}

static __always_inline int start_work(void)
{
	u32 zero = 0;
	struct work_slot *slot = bpf_map_lookup_elem(&works, &zero);
	int err;

	if (!slot)
		return 1;
	slot->number = 5;
	if (bpf_wq_init(&slot->work, &works, 0))
		return 2;
	/* Later kernels hand the last argument over themselves. */
	if (bpf_ksym_exists(bpf_wq_set_callback_impl))
		err = bpf_wq_set_callback_impl(&slot->work, work_runs, 0, NULL);
	else
		err = bpf_wq_set_callback(&slot->work, work_runs, 0);
	if (err)
		return 3;
	return bpf_wq_start(&slot->work, 0) ? 4 : 0;
}

static __always_inline int schedule_task_work(void)
{
	u32 zero = 0;
	struct task_work_slot *slot = bpf_map_lookup_elem(&task_works, &zero);
	struct task_struct *task;
	int err;

	if (!slot)
		return 5;
	task = bpf_task_from_pid(slot->pid);
	if (!task)
		return 6;
	if (bpf_ksym_exists(bpf_task_work_schedule_resume_impl))
		err = bpf_task_work_schedule_resume_impl(task, &slot->work, &task_works, task_work_runs, NULL);
	else if (bpf_ksym_exists(bpf_task_work_schedule_resume))
		err = bpf_task_work_schedule_resume(task, &slot->work, &task_works, task_work_runs);
	else
		err = 0;
	bpf_task_release(task);
	return err ? 7 : 0;
}

static const char filled[] = "fields filled, number %d\n", no_work[] = "no task work for pid %d\n";

SEC("tc") int fields_fill(struct __sk_buff *skb)
{
	int err = start_work();

	asm volatile("" ::"r"(&shared_words)); /* so that it is loaded */
	if (print(STDOUT, filled, 5) < 0 || print(STDERR, no_work, 0) < 0)
		return 8;
	return err ?: schedule_task_work();
}
