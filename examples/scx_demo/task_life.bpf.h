/* SPDX-License-Identifier: GPL-2.0 */
/* A task comes, changes its weight, and goes: its context in the arena, its storage and its copy for bpftool. */
#pragma once

static __always_inline enum task_class class_of(const struct task_struct *p, u32 weight)
{
	if (is_kernel_thread(p))
		return CLASS_KERNEL;
	return weight == DEFAULT_WEIGHT ? CLASS_USER : CLASS_NICED;
}

void SEC("struct_ops/demo_set_weight") BPF_PROG(demo_set_weight, struct task_struct *p, u32 weight)
{
	struct scx_task_map_val *val;
	struct task_ctx __arena *tctx;
	struct pid_stats *stats;
	s32 pid = p->pid;

	uses_arena();
	if (demo_paused())
		return;
	val = bpf_task_storage_get(&scx_task_map, p, NULL, 0);
	if (!val)
		return;
	tctx = ctx_of(val);
	tctx->weight = weight;
	tctx->class = class_of(p, weight);
	stats = bpf_map_lookup_elem(&pid_stats, &pid);
	if (stats) {
		stats->weight = weight;
		stats->class = tctx->class;
	}
}

static __always_inline void add_to_totals(u32 init, u32 exit)
{
	struct locked_total *totals;
	u32 zero = 0;

	totals = bpf_map_lookup_elem(&locked_totals, &zero);
	if (!totals)
		return;
	bpf_spin_lock(&totals->lock);
	totals->writers++;
	totals->nr_init += init;
	totals->nr_exit += exit;
	bpf_spin_unlock(&totals->lock);
}

static __noinline void record_parent(struct task_struct *p, struct task_ctx __arena *tctx)
{
	struct scx_task_map_val *val = NULL;
	struct task_struct *parent;

	bpf_rcu_read_lock();
	parent = p->real_parent;
	if (parent)
		val = bpf_task_storage_get(&scx_task_map, parent, NULL, 0);
	if (val) {
		tctx->parent = (u64)val->data;
		tctx->parent_tid.val = val->tid.val;
		tctx->has_parent = 1;
	}
	bpf_rcu_read_unlock();
}

s32 SEC("struct_ops.s/demo_init_task")
BPF_PROG(demo_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct scx_task_map_val *val;
	struct sdt_data __arena *data;
	struct task_ctx __arena *tctx;
	struct pid_stats stats = {};
	s32 pid = p->pid;

	uses_arena();
	if (demo_paused())
		return 0;
	val = bpf_task_storage_get(&scx_task_map, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!val)
		return -ENOMEM;
	data = scx_alloc(&scx_task_allocator);
	if (!data) {
		__sync_fetch_and_add(&nr_alloc_failed, 1);
		bpf_task_storage_delete(&scx_task_map, p);
		return -ENOMEM;
	}

	tctx = (struct task_ctx __arena *)data->payload;
	tctx->magic = TASK_CTX_MAGIC;
	tctx->pid = pid;
	tctx->tgid = p->tgid;
	copy_comm(tctx->comm, p);
	tctx->weight = p->scx.weight;
	tctx->class = class_of(p, p->scx.weight);
	tctx->is_leader = p->pid == p->tgid;
	tctx->task = (u64)p;
	record_parent(p, tctx);

	val->tid.val = data->tid.val;
	val->tptr = (u64)p;
	val->pid = pid;
	val->data = data;

	stats.tid.val = data->tid.val;
	stats.tptr = (u64)p;
	stats.data = (u64)data;
	stats.weight = p->scx.weight;
	stats.class = class_of(p, p->scx.weight);
	__builtin_memcpy(stats.comm, p->comm, sizeof(stats.comm));
	bpf_map_update_elem(&pid_stats, &pid, &stats, BPF_ANY);

	__sync_fetch_and_add(&nr_init_task, 1);
	add_to_totals(1, 0);
	return 0;
}

void SEC("struct_ops/demo_exit_task") BPF_PROG(demo_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct scx_task_map_val *val;
	s32 pid = p->pid;

	uses_arena();
	if (demo_paused())
		return;
	val = bpf_task_storage_get(&scx_task_map, p, NULL, 0);
	if (!val)
		return;
	scx_free(&scx_task_allocator, val->data);
	bpf_task_storage_delete(&scx_task_map, p);
	bpf_map_delete_elem(&pid_stats, &pid);
	__sync_fetch_and_add(&nr_exit_task, 1);
	add_to_totals(0, 1);
}
