import { BtfBuilder } from '../btf/builder.js'
import { containers, describeContainers } from './container-types.js'

/**
 * BTF of a scheduler that uses the allocators of the sched_ext library, with some contexts of its own; queues of tasks are
 * those of the library's first release where they hang in heaps.
 */
export function describeScheduler(queuesInHeaps = false): {
  builder: BtfBuilder
  ids: Readonly<Record<string, number>>
} {
  const b = new BtfBuilder()
  const u8 = b.int('unsigned char', 1)
  const u32 = b.int('unsigned int', 4)
  const u64 = b.int('unsigned long', 8)
  const s32 = b.int('int', 4, { signed: true })
  const s64 = b.int('long', 8, { signed: true })
  const char = b.int('char', 1, { signed: true })
  const pointer = b.pointer(0)
  const ids: Record<string, number> = { u32, u64, pointer }
  const struct = (name: string, members: Readonly<Record<string, number>>): number => {
    ids[name] = b.struct(
      name,
      Object.entries(members).map(([member, type]) => ({ name: member, type })),
    )
    return ids[name]
  }

  // lib/sdt_task_defs.h
  const id = b.union('sdt_id', [
    { name: 'val', type: s64 },
    {
      type: b.struct('', [
        { name: 'idx', type: s32 },
        { name: 'genn', type: s32 },
      ]),
    },
  ])
  const chunk = b.forward('sdt_chunk')
  const desc = struct('sdt_desc', { allocated: b.array(u64, 8), nr_free: u64, chunk: b.pointer(chunk) })
  const data = struct('sdt_data', { tid: id, payload: b.array(u64, 0) })
  const pool = struct('sdt_pool', { slab: pointer, elem_size: u64, max_elems: u64, idx: u64 })
  struct('scx_allocator', { pool, root: b.pointer(desc) })
  struct('scx_static', { max_alloc_bytes: u64, memory: pointer, off: u64 })

  // lib/alloc
  struct('bump', { max_contig_bytes: u64, memory: pointer, off: u64, lim_memusage: u64, cur_memusage: u64 })
  const segment = b.struct('stk_seg', (self) => [
    { name: 'elems', type: b.array(pointer, 510) },
    { name: 'prev', type: b.pointer(self) },
    { name: 'next', type: b.pointer(self) },
  ])
  const toSegment = b.pointer(segment)
  struct('stk', {
    lock: pointer,
    first: toSegment,
    last: toSegment,
    current: toSegment,
    cind: u64,
    capacity: u64,
    available: u64,
    data_size: u64,
    nr_pages_per_alloc: u64,
    reserve: toSegment,
  })
  const buddyChunk = b.struct('buddy_chunk', (self) => [
    { name: 'orders', type: b.array(u8, 32768) },
    { name: 'allocated', type: b.array(u8, 8192) },
    { name: 'freelists', type: b.array(u64, 16) },
    { name: 'prev', type: b.pointer(self) },
    { name: 'next', type: b.pointer(self) },
  ])
  struct('buddy', { first_chunk: b.pointer(buddyChunk), lock: pointer, vaddr: u64 })

  describeContainers(b, ids, { id, u8, u32, u64, s32, s64 }, queuesInHeaps)

  // The scheduler's own
  const cpu = b.struct('cpu_ctx', (self) => [
    { name: 'cpu', type: u32 },
    { name: 'load', type: u32 },
    { name: 'next', type: b.pointer(self) },
  ])
  struct('scx_mask', { tid: id, bits: b.array(u64, 0) })
  struct('tid_ctx', { tid: id, tree: pointer, capacity: u64 })
  struct('queued_ctx', { common: ids.scx_task_common as number, pid: u64, lag: u64 })
  struct('task_ctx', { pid: s32, comm: b.array(char, 16), cpu: b.pointer(cpu), peer: u64 })
  struct('odd_ctx', { a: u64, b: u64, c: u64, d: u64, e: u32 })
  struct('cgrp_ctx', { weight: u64, quota: u64, used: u64 })
  struct('other_thing', { x: u64, y: u64, z: u64 })
  struct('big_ctx', { head: u64, table: b.array(u64, 700), tail: u64 })
  const linked = b.struct('linked_ctx', (self) => [
    { name: 'next', type: b.pointer(self) },
    { name: 'isOn', type: b.int('_Bool', 1, { bool: true }) },
    { name: 'state', type: b.enum('link_state', { LINK_OFF: 3n, LINK_ON: 7n }) },
    { name: 'words', type: b.array(u64, 8) },
  ])
  ids.linked_ctx = linked
  // Of the kernel that the scheduler was built for: nothing of its own points at it.
  struct('newer_linked_node', { node: b.array(u64, 12), prev: pointer, next: pointer })
  // Its functions take these.
  const own = [
    'task_ctx',
    'odd_ctx',
    'cgrp_ctx',
    'other_thing',
    'cpu_ctx',
    'tid_ctx',
    'big_ctx',
    'linked_ctx',
    'queued_ctx',
  ]
  ids.cpu_ctx = cpu
  for (const name of own) {
    const prototype = b.prototype(0, [{ name: 'context', type: b.pointer(ids[name] as number) }])
    b.function(`use_${name}`, prototype, 'global')
  }
  ids.toData = b.pointer(data)
  ids.toCpu = b.pointer(cpu)
  ids.toTask = b.pointer(ids.task_ctx as number)
  for (const name of containers) ids[`to_${name}`] = b.pointer(ids[name] as number)
  ids.toQueued = b.pointer(ids.queued_ctx as number)
  ids.manyQueues = b.array(ids.to_scx_atq as number, 4)
  // Of a size that no other has.
  const holder = struct('holder', {
    flags: u64,
    heap: ids.to_scx_minheap as number,
    own: ids.scx_minheap as number,
    rest: b.array(u64, 7),
  })
  ids.to_holder = b.pointer(holder)
  ids.words = b.array(u64, 4)
  ids.pointers = b.array(pointer, 4)
  ids.offsets = b.array(u32, 4)
  return { builder: b, ids }
}
