/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One container of each kind, filled by programs that are run once; what is in them, and in which order they give it up, the program
 * writes to the map `truth` after asking the structures themselves. Queues that are emptied for that have twins that are not.
 */
#include "queues.bpf.h"
#include "machine.bpf.h"

char _license[] SEC("license") = "GPL";

#define NODES 40
#define TASKS 12

OF(rbtree) prices;
OF(btree) ranges;
OF(scx_minheap) deadlines;
OF(scx_atq) queues[2];
OF(task_ctx) tasks[3 * TASKS];
OF(scx_dhq) by_priority;
OF(scx_dhq) in_turn;
OF(scx_dhq) by_length;
OF(lv_queue) steals;

SEC("syscall")
int fill_tree(void *context)
{
	OF(rbnode) node;

	prices = tree_make(RB_ALLOC, RB_DEFAULT);
	if (!prices)
		return 0;
	for (u32 i = 1; i <= NODES; i++) {
		node = take(sizeof(*node));
		if (!node || tree_insert(prices, node, MIX(i), 3 * MIX(i) + 1))
			return 0;
	}
	node = tree_leftmost(prices->root);
	for (u32 i = 0; i <= NODES && node; i++) {
		note(TREE, node->key, node->value, node->is_red);
		node = tree_next(node);
	}
	return 0;
}

SEC("syscall")
int fill_btree(void *context)
{
	ranges = take(sizeof(struct btree));
	if (!ranges)
		return 0;
	ranges->root = take(sizeof(struct bt_node));
	if (!ranges->root)
		return 0;
	ranges->root->flags = BT_F_LEAF;
	for (u32 i = 1; i <= NODES; i++)
		if (bt_insert(ranges, MIX(i), (u64)MIX(i) << 32))
			return 0;
	for (u32 key = 0; key < 101; key++) {
		OF(bt_node) leaf = bt_leaf(ranges, key);

		for (u32 i = 0; leaf && i < FANOUT; i++)
			if (i < leaf->numkeys && leaf->keys[i] == key)
				note(BTREE, key, leaf->values[i], i);
	}
	return 0;
}

SEC("syscall")
int fill_heap(void *context)
{
	OF(scx_minheap) twin;

	deadlines = heap_make(32);
	twin = heap_make(32);
	if (!deadlines || !twin)
		return 0;
	for (u32 i = 1; i <= 20; i++) {
		/* Weights that several have: who of them is first is the heap's own doing. */
		heap_push(deadlines, i, MIX(i) / 8);
		heap_push(twin, i, MIX(i) / 8);
	}
	for (u32 i = 0; i < 20; i++) {
		u64 elem = heap_pop(twin);

		note(HEAP, popped_weight, elem, 0);
	}
	return 0;
}

#define task_make(...) ((OF(task_ctx))task_make_at(__VA_ARGS__))
__weak u64 task_make_at(u32 number)
{
	OF(task_ctx) task = take(sizeof(*task));

	if (!task || number >= 3 * TASKS)
		return 0;
	task->pid = 1000 + number;
	tasks[number] = task;
	return (u64)task;
}

__weak int note_queue(IN(scx_atq, queue), u32 what)
{
	OF(rbnode) node = tree_leftmost(queue->tree->root);

	for (u32 i = 0; i <= TASKS && node; i++) {
		OF(task_ctx) task = (OF(task_ctx))node->value;

		note(what, node->key, task->pid, 0);
		node = tree_next(node);
	}
	return 0;
}

#define queue_make(...) ((OF(scx_atq))queue_make_at(__VA_ARGS__))
__weak u64 queue_make_at(u32 what, bool fifo, u32 first)
{
	OF(scx_atq) queue = atq_make(fifo, fifo ? ~0ull : 64);

	for (u32 i = 0; queue && i < TASKS; i++) {
		OF(task_ctx) task = task_make(first + i);

		if (!task || atq_insert(queue, task, MIX(i + 1) / 4))
			return 0;
	}
	if (queue)
		note_queue(queue, what);
	return (u64)queue;
}

SEC("syscall")
int fill_queues(void *context)
{
	queues[0] = queue_make(FIFO, true, 0);
	queues[1] = queue_make(BY_VTIME, false, TASKS);
	return 0;
}

#define double_make(...) ((OF(scx_dhq))double_make_at(__VA_ARGS__))
__weak u64 double_make_at(u32 what, u8 mode)
{
	OF(scx_dhq) queue = dhq_make(mode, 32);
	OF(scx_dhq) twin = dhq_make(mode, 32);

	if (!queue || !twin)
		return 0;
	for (u32 i = 1; i <= 14; i++) {
		/* More in one than in the other. */
		dhq_insert(queue, i, MIX(i), i % 3 == 0);
		dhq_insert(twin, i, MIX(i), i % 3 == 0);
	}
	for (u32 i = 0; i < 14; i++) {
		u64 task = dhq_pop(twin);

		note(what, popped_weight, task, popped_strand);
	}
	return (u64)queue;
}

SEC("syscall")
int fill_doubles(void *context)
{
	by_priority = double_make(PRIORITY, MODE_PRIORITY);
	in_turn = double_make(ALTERNATING, MODE_ALTERNATING);
	by_length = double_make(BALANCED, MODE_BALANCED);
	return 0;
}

SEC("syscall")
int fill_work(void *context)
{
	OF(lv_queue) twin;

	steals = work_make();
	twin = work_make();
	if (!steals || !twin)
		return 0;
	for (u32 i = 1; i <= 25; i++) {
		work_push(steals, 7000 + i);
		work_push(twin, 7000 + i);
		if (i % 5 == 0) {
			work_steal(steals);
			work_steal(twin);
		}
	}
	for (u32 i = 0; i < 20; i++)
		note(WORK, 0, work_steal(twin), 0);
	return 0;
}

SEC("syscall")
int fill_cgroups(void *context)
{
	cgroup_make(1, 0, NO_LIMIT, 0);
	cgroup_make(40, 1, 50000000, 1);
	cgroup_make(7, 40, 20000000, 1);
	cgroup_make(23, 1, 70000000, 0);
	llc_make(7, 0, queue_make(THROTTLED, false, 2 * TASKS));
	llc_make(7, 1, NULL);
	/* Parents before their children, in the order of their ids. */
	note_cgroup(1);
	note_cgroup(23);
	note_cgroup(40);
	note_cgroup(7);
	return 0;
}
