/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel functions and constants that the objects use. vmlinux.h of newer bpftool declares kfuncs too, with other
 * pointer qualifiers; the build defines BPF_NO_KFUNC_PROTOTYPES and these are the ones that count.
 */
#pragma once

#define __arena __attribute__((address_space(1)))
#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

/* A data section of its own: bpf_spin_lock and what it protects must not share a memory-mapped map. */
#define private(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))

#define NUMA_NO_NODE (-1)
#define PAGE_SIZE 4096
#define CLOCK_MONOTONIC 1

void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, u32 pages, int node, u64 flags) __ksym __weak;
void bpf_arena_free_pages(void *map, void __arena *pages, u32 count) __ksym __weak;

void bpf_rcu_read_lock(void) __ksym __weak;
void bpf_rcu_read_unlock(void) __ksym __weak;

struct bpf_cpumask *bpf_cpumask_create(void) __ksym __weak;
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym __weak;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym __weak;

struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
void bpf_task_release(struct task_struct *task) __ksym __weak;

void *bpf_obj_new_impl(u64 local_type_id, void *meta) __ksym __weak;
void bpf_obj_drop_impl(void *object, void *meta) __ksym __weak;
int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, u64 offset) __ksym __weak;
int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			bool(less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta, u64 offset) __ksym __weak;

s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym __weak;
void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym __weak;
int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym __weak;
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym __weak;
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym __weak;
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym __weak;
u32 scx_bpf_nr_cpu_ids(void) __ksym __weak;

/*
 * The verifier lets a program touch arena memory only if the program refers to an arena map. Functions that merely
 * follow stored pointers say so with this.
 */
#define uses_arena() asm volatile("" ::"r"(&arena))
