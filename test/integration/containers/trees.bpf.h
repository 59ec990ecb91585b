/* SPDX-License-Identifier: GPL-2.0 */
/* A search tree and a B-tree. The first is not kept balanced: colours mean nothing here. */
#pragma once

#include "common.bpf.h"

#define DEEPEST 24

struct rbnode {
	union sdt_id tid;
	struct rbnode __arena *parent;
	union {
		struct {
			struct rbnode __arena *left;
			struct rbnode __arena *right;
		};
		struct rbnode __arena *child[2];
	};
	u64 key;
	union {
		struct rbnode __arena *next;
		u64 value;
	};
	bool is_red;
};

enum rbtree_alloc { RB_ALLOC, RB_NOALLOC };
enum rbtree_insert_mode { RB_DEFAULT, RB_UPDATE, RB_DUPLICATE };

struct rbtree {
	union sdt_id tid;
	struct rbnode __arena *root;
	struct rbnode __arena *freelist;
	enum rbtree_alloc alloc;
	enum rbtree_insert_mode insert;
};

#define tree_make(...) ((OF(rbtree))tree_make_at(__VA_ARGS__))
__weak u64 tree_make_at(enum rbtree_alloc alloc, enum rbtree_insert_mode insert)
{
	OF(rbtree) tree = take(sizeof(*tree));

	if (!tree)
		return 0;
	tree->alloc = alloc;
	tree->insert = insert;
	return (u64)tree;
}

/* Equal keys go to the right: who came first stays first. */
__weak int tree_insert(IN(rbtree, tree), IN(rbnode, node), u64 key, u64 value)
{
	OF(rbnode) parent = tree->root;

	node->key = key;
	node->value = value;
	apart();
	node->left = NULL;
	apart();
	node->right = NULL;
	apart();
	node->parent = NULL;
	apart();
	node->is_red = key & 1;
	if (!parent) {
		tree->root = node;
		return 0;
	}
	for (u32 i = 0; i < DEEPEST; i++) {
		bool isRight = key >= parent->key;
		OF(rbnode) next = isRight ? parent->right : parent->left;

		if (next) {
			parent = next;
			continue;
		}
		node->parent = parent;
		if (isRight)
			parent->right = node;
		else
			parent->left = node;
		return 0;
	}
	return -1;
}

#define tree_leftmost(...) ((OF(rbnode))tree_leftmost_at(__VA_ARGS__))
__weak u64 tree_leftmost_at(IN(rbnode, node))
{
	for (u32 i = 0; i < DEEPEST && node && node->left; i++)
		node = node->left;
	return (u64)node;
}

#define tree_next(...) ((OF(rbnode))tree_next_at(__VA_ARGS__))
__weak u64 tree_next_at(IN(rbnode, node))
{
	if (node->right)
		return tree_leftmost_at(node->right);
	for (u32 i = 0; i < DEEPEST; i++) {
		OF(rbnode) parent = node->parent;

		if (!parent)
			return 0;
		if (parent->left == node)
			return (u64)parent;
		node = parent;
	}
	return 0;
}

#define FANOUT 10
#define BT_F_LEAF 1

struct bt_node {
	u64 keys[FANOUT];
	u64 values[FANOUT];
	u64 flags;
	u64 numkeys;
	struct bt_node __arena *parent;
};

struct btree {
	struct bt_node __arena *root;
	struct bt_node __arena *freelist;
};

#define bt_leaf(...) ((OF(bt_node))bt_leaf_at(__VA_ARGS__))
__weak u64 bt_leaf_at(IN(btree, tree), u64 key)
{
	OF(bt_node) node = tree->root;

	for (u32 level = 0; level < 3 && node && !(node->flags & BT_F_LEAF); level++) {
		u32 at = 0;

		for (u32 i = 0; i < FANOUT - 1; i++)
			at += i < node->numkeys && node->keys[i] <= key;
		node = (OF(bt_node))node->values[at];
	}
	return (u64)node;
}

/* Puts a key before the first that is larger; what follows moves up. */
__weak int bt_put(IN(bt_node, node), u64 key, u64 value)
{
	for (u32 i = FANOUT - 1; i > 0; i--) {
		if (i > node->numkeys)
			continue;
		if (node->keys[i - 1] < key) {
			node->keys[i] = key;
			node->values[i] = value;
			node->numkeys++;
			return 0;
		}
		node->keys[i] = node->keys[i - 1];
		node->values[i] = node->values[i - 1];
	}
	node->keys[0] = key;
	node->values[0] = value;
	node->numkeys++;
	return 0;
}

/* The upper half of a full leaf becomes a leaf of its own, behind the old one in their parent. */
__weak int bt_split(IN(btree, tree), IN(bt_node, old))
{
	OF(bt_node) parent = old->parent;
	OF(bt_node) new = take(sizeof(*new));
	u32 at = 0;

	if (!new)
		return -1;
	if (!parent) {
		parent = take(sizeof(*parent));
		if (!parent)
			return -1;
		parent->values[0] = (u64)old;
		old->parent = parent;
		tree->root = parent;
	}
	new->flags = BT_F_LEAF;
	new->parent = parent;
	for (u32 i = 0; i < FANOUT / 2; i++) {
		new->keys[i] = old->keys[FANOUT / 2 + i];
		new->values[i] = old->values[FANOUT / 2 + i];
	}
	new->numkeys = FANOUT / 2;
	old->numkeys = FANOUT / 2;
	for (u32 i = 0; i < FANOUT - 1; i++)
		at += i < parent->numkeys && parent->keys[i] < new->keys[0];
	for (u32 i = FANOUT - 1; i > 0; i--) {
		if (i <= at || i > parent->numkeys + 1)
			continue;
		parent->values[i] = parent->values[i - 1];
		if (i - 1 > at)
			parent->keys[i - 1] = parent->keys[i - 2];
	}
	if (at > FANOUT - 2)
		return -1;
	parent->keys[at] = new->keys[0];
	parent->values[at + 1] = (u64)new;
	parent->numkeys++;
	return 0;
}

__weak int bt_insert(IN(btree, tree), u64 key, u64 value)
{
	OF(bt_node) leaf = bt_leaf(tree, key);

	if (!leaf)
		return -1;
	if (leaf->numkeys == FANOUT) {
		if (bt_split(tree, leaf))
			return -1;
		leaf = bt_leaf(tree, key);
		if (!leaf)
			return -1;
	}
	bt_put(leaf, key, value);
	return 0;
}
