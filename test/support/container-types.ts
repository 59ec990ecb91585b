import type { BtfBuilder } from '../btf/builder.js'

/** Structs of the library that variables point at. */
export const containers = [
  'rbtree',
  'btree',
  'scx_minheap',
  'scx_atq',
  'scx_dhq',
  'lv_queue',
  'scx_bitmap',
  'topology',
] as const

interface Basic {
  readonly id: number
  readonly u8: number
  readonly u32: number
  readonly u64: number
  readonly s32: number
  readonly s64: number
}

/** BTF of the data structures of the sched_ext library (lib/ of scx), as compilers write it. */
export function describeContainers(
  b: BtfBuilder,
  ids: Record<string, number>,
  basic: Basic,
  queuesInHeaps: boolean,
): void {
  const { id, u8, u32, u64, s32, s64 } = basic
  const bool = b.int('_Bool', 1, { bool: true })
  const s16 = b.int('short', 2, { signed: true })
  const struct = (name: string, members: Readonly<Record<string, number>>): number => {
    ids[name] = b.struct(
      name,
      Object.entries(members).map(([member, type]) => ({ name: member, type })),
    )
    return ids[name]
  }

  ids.rbnode = b.struct('rbnode', (self) => [
    { name: 'tid', type: id },
    { name: 'parent', type: b.pointer(self) },
    { name: 'left', type: b.pointer(self) },
    { name: 'right', type: b.pointer(self) },
    { name: 'key', type: u64 },
    {
      type: b.union('', [
        { name: 'next', type: b.pointer(self) },
        { name: 'value', type: u64 },
      ]),
    },
    { name: 'is_red', type: bool },
  ])
  const alloc = b.enum('rbtree_alloc', { RB_ALLOC: 0n, RB_NOALLOC: 1n })
  const insert = b.enum('rbtree_insert_mode', { RB_DEFAULT: 0n, RB_UPDATE: 1n, RB_DUPLICATE: 2n })
  const toNode = b.pointer(ids.rbnode)
  const tree = struct('rbtree', { tid: id, root: toNode, freelist: toNode, alloc, insert })

  ids.bt_node = b.struct('bt_node', (self) => [
    { name: 'keys', type: b.array(u64, 10) },
    { name: 'values', type: b.array(u64, 10) },
    { name: 'flags', type: u64 },
    { name: 'numkeys', type: u64 },
    { name: 'parent', type: b.pointer(self) },
  ])
  const toLeaf = b.pointer(ids.bt_node)
  struct('btree', { root: toLeaf, freelist: toLeaf })

  const element = struct('scx_minheap_elem', { elem: u64, weight: u64 })
  const heap = struct('scx_minheap', { size: u64, capacity: u64, helems: b.pointer(element) })

  const queue = struct('scx_atq', {
    tid: id,
    ...(queuesInHeaps ? { heap: b.pointer(heap) } : { tree: b.pointer(tree) }),
    lock: u32,
    capacity: u64,
    size: u64,
    seq: u64,
    fifo: u64,
  })
  const throttle = b.enum('scx_task_throttle', { SCX_TSK_CANRUN: 0n, SCX_TSK_THROTTLED: 1n })
  struct('scx_task_common', { node: ids.rbnode, holdcnt: s32, atq: b.pointer(queue), state: throttle })

  const toHeap = b.pointer(heap)
  struct('scx_dhq', {
    strand_a: toHeap,
    strand_b: toHeap,
    lock: u32,
    capacity: u64,
    size_a: u64,
    size_b: u64,
    max_imbalance: u64,
    fifo: u8,
    last_strand: u8,
    mode: u8,
  })

  const ring = struct('lv_arr', { data: b.pointer(u64), order: u64 })
  struct('lv_queue', { cur: b.pointer(ring), top: u64, bottom: u64, arr: b.array(ring, 10) })

  const bitmap = struct('scx_bitmap', { tid: id, bits: b.array(u64, 64) })
  const level = b.enum('topo_level', {
    TOPO_TOP: 0n,
    TOPO_NODE: 1n,
    TOPO_LLC: 2n,
    TOPO_CORE: 3n,
    TOPO_CPU: 4n,
  })
  ids.topology = b.struct('topology', (self) => [
    { name: 'parent', type: b.pointer(self) },
    { name: 'nr_children', type: u64 },
    { name: 'mask', type: b.pointer(bitmap) },
    { name: 'level', type: level },
    { name: 'level_ids', type: b.array(s16, 5) },
    { name: 'data', type: b.pointer(0) },
    { name: 'children', type: b.array(b.pointer(self), 0) },
  ])

  struct('scx_cgroup_ctx', {
    id: u64,
    parent_id: u64,
    quota: u64,
    period: u64,
    period_budget: s64,
    is_throttled: bool,
  })
  struct('scx_cgroup_llc_ctx', { id: u64, runtime_total: s64, btq: b.pointer(queue) })
  struct('cbw_cgrp_entry', { cgx: u64 })
  struct('cbw_llc_entry', { llcx: u64 })
}
