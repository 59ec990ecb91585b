/* SPDX-License-Identifier: GPL-2.0 */
/* Heaps, queues of tasks, and a queue to steal from. */
#pragma once

#include "trees.bpf.h"

struct scx_minheap_elem {
	u64 elem;
	u64 weight;
};

struct scx_minheap {
	u64 size;
	u64 capacity;
	struct scx_minheap_elem __arena *helems;
};

#define heap_make(...) ((OF(scx_minheap))heap_make_at(__VA_ARGS__))
__weak u64 heap_make_at(u64 capacity)
{
	OF(scx_minheap) heap = take(sizeof(*heap));

	if (!heap)
		return 0;
	heap->helems = take(capacity * sizeof(struct scx_minheap_elem));
	heap->capacity = heap->helems ? capacity : 0;
	return (u64)heap;
}

__weak int heap_swap(IN(scx_minheap_elem, a), IN(scx_minheap_elem, b))
{
	u64 elem = a->elem, weight = a->weight;

	a->elem = b->elem;
	a->weight = b->weight;
	b->elem = elem;
	b->weight = weight;
	return 0;
}

__weak int heap_push(IN(scx_minheap, heap), u64 elem, u64 weight)
{
	u64 at = heap->size;

	if (at >= heap->capacity)
		return -1;
	heap->helems[at].elem = elem;
	heap->helems[at].weight = weight;
	heap->size++;
	for (u32 i = 0; i < 8 && at > 0; i++) {
		u64 above = (at - 1) / 2;

		if (heap->helems[above].weight <= heap->helems[at].weight)
			break;
		heap_swap(&heap->helems[above], &heap->helems[at]);
		at = above;
	}
	return 0;
}

/* What was popped last. */
u64 popped_weight;
u32 popped_strand;

__weak u64 heap_pop(IN(scx_minheap, heap))
{
	u64 elem, at = 0;

	if (!heap->size)
		return 0;
	elem = heap->helems[0].elem;
	popped_weight = heap->helems[0].weight;
	heap->size--;
	heap->helems[0].elem = heap->helems[heap->size].elem;
	heap->helems[0].weight = heap->helems[heap->size].weight;
	for (u32 i = 0; i < 8; i++) {
		u64 least = at, left = 2 * at + 1, right = 2 * at + 2;

		if (left < heap->size && heap->helems[left].weight < heap->helems[least].weight)
			least = left;
		if (right < heap->size && heap->helems[right].weight < heap->helems[least].weight)
			least = right;
		if (least == at)
			break;
		heap_swap(&heap->helems[least], &heap->helems[at]);
		at = least;
	}
	return elem;
}

struct scx_atq {
	union sdt_id tid;
	struct rbtree __arena *tree;
	u32 lock;
	u64 capacity;
	u64 size;
	u64 seq;
	u64 fifo;
};

enum scx_task_throttle { SCX_TSK_CANRUN, SCX_TSK_THROTTLED };

struct scx_task_common {
	struct rbnode node;
	int holdcnt;
	struct scx_atq __arena *atq;
	enum scx_task_throttle state;
};

struct task_ctx {
	struct scx_task_common common;
	u64 pid;
};

#define atq_make(...) ((OF(scx_atq))atq_make_at(__VA_ARGS__))
__weak u64 atq_make_at(bool fifo, u64 capacity)
{
	OF(scx_atq) queue = take(sizeof(*queue));

	if (!queue)
		return 0;
	queue->tree = tree_make(RB_NOALLOC, RB_DUPLICATE);
	queue->fifo = fifo;
	queue->capacity = capacity;
	return queue->tree ? (u64)queue : 0;
}

__weak int atq_insert(IN(scx_atq, queue), IN(task_ctx, task), u64 vtime)
{
	u64 key = queue->fifo ? queue->seq++ : vtime;

	if (tree_insert(queue->tree, &task->common.node, key, (u64)task))
		return -1;
	task->common.atq = queue;
	queue->size++;
	return 0;
}

#define MODE_ALTERNATING 0
#define MODE_PRIORITY 1
#define MODE_BALANCED 2

struct scx_dhq {
	struct scx_minheap __arena *strand_a;
	struct scx_minheap __arena *strand_b;
	u32 lock;
	u64 capacity;
	u64 size_a;
	u64 size_b;
	u64 seq_a;
	u64 seq_b;
	u64 dequeue_count_a;
	u64 dequeue_count_b;
	u64 max_imbalance;
	u8 fifo;
	u8 last_strand;
	u8 mode;
};

#define dhq_make(...) ((OF(scx_dhq))dhq_make_at(__VA_ARGS__))
__weak u64 dhq_make_at(u8 mode, u64 capacity)
{
	OF(scx_dhq) queue = take(sizeof(*queue));

	if (!queue)
		return 0;
	queue->strand_a = heap_make(capacity / 2);
	queue->strand_b = heap_make(capacity / 2);
	queue->capacity = capacity;
	queue->mode = mode;
	queue->last_strand = 1;
	return queue->strand_a && queue->strand_b ? (u64)queue : 0;
}

__weak int dhq_insert(IN(scx_dhq, queue), u64 task, u64 vtime, u32 strand)
{
	int err = heap_push(strand ? queue->strand_b : queue->strand_a, task, vtime);

	if (err)
		return err;
	if (strand)
		queue->size_b++;
	else
		queue->size_a++;
	return 0;
}

__weak u64 dhq_pop(IN(scx_dhq, queue))
{
	bool isB;
	u64 task;

	if (queue->mode == MODE_ALTERNATING)
		isB = queue->last_strand == 0;
	else if (queue->mode == MODE_BALANCED)
		isB = queue->size_a < queue->size_b;
	else if (queue->size_a && queue->size_b)
		isB = queue->strand_a->helems[0].weight > queue->strand_b->helems[0].weight;
	else
		isB = !queue->size_a;
	if (isB ? !queue->size_b : !queue->size_a)
		isB = !isB;
	if (isB ? !queue->size_b : !queue->size_a)
		return 0;
	task = heap_pop(isB ? queue->strand_b : queue->strand_a);
	if (isB)
		queue->size_b--;
	else
		queue->size_a--;
	queue->last_strand = isB;
	popped_strand = isB;
	return task;
}

#define RINGS 10
#define FIRST_RING 128

struct lv_arr {
	u64 __arena *data;
	u64 order;
};

struct lv_queue {
	volatile struct lv_arr __arena *cur;
	volatile u64 top;
	volatile u64 bottom;
	struct lv_arr arr[RINGS];
};

#define work_make(...) ((OF(lv_queue))work_make_at(__VA_ARGS__))
__weak u64 work_make_at(void)
{
	OF(lv_queue) queue = take(sizeof(*queue));

	if (!queue)
		return 0;
	for (u32 i = 0; i < RINGS; i++)
		queue->arr[i].order = i;
	queue->arr[0].data = take(FIRST_RING * 8);
	queue->cur = &queue->arr[0];
	return queue->arr[0].data ? (u64)queue : 0;
}

__weak int work_push(IN(lv_queue, queue), u64 value)
{
	u64 size = queue->bottom - queue->top;
	u64 order = queue->cur->order;

	if (size >= (1ull << (order & 15)) - 1) {
		volatile struct lv_arr __arena *old = queue->cur, *new;

		if (order >= 6)
			return -1;
		new = &queue->arr[order + 1];
		if (!new->data)
			new->data = take((FIRST_RING << (order + 1)) * 8);
		if (!new->data)
			return -1;
		for (u32 i = 0; i < 64; i++) {
			u64 at = queue->top + i;

			if (at < queue->bottom)
				new->data[at % (2ull << (order & 15))] = old->data[at % (1ull << (order & 15))];
		}
		queue->cur = new;
		order++;
	}
	queue->cur->data[queue->bottom % (1ull << (order & 15))] = value;
	queue->bottom++;
	return 0;
}

__weak u64 work_steal(IN(lv_queue, queue))
{
	u64 order = queue->cur->order;
	u64 value;

	if (queue->top >= queue->bottom)
		return 0;
	value = queue->cur->data[queue->top % (1ull << (order & 15))];
	queue->top++;
	return value;
}
