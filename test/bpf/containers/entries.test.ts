import { describe, expect, it } from 'vitest'
import type { Container } from '../../../src/bpf/containers/container.js'
import type { PointerValue, StructValue } from '../../../src/value/types.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { ContainersWorld } from '../../support/containers-world.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

const shown = ({ entries }: Container) =>
  entries.map(({ address, value, object }) => ({ address, value, object }))

describe('what entries hold is named by what it lies in', () => {
  it('in a heap', () => {
    const world = new ContainersWorld('scx_minheap')
    const [first = 0, second = 0] = world.contexts(2)
    const array = world.take(48)
    world.set('scx_minheap', world.place, { size: 3, capacity: 3, helems: world.to(array) })
    const words = [world.to(first), world.to(second) + 4n, 7n]
    for (const [slot, elem] of words.entries())
      world.set('scx_minheap_elem', array + slot * 16, { elem, weight: slot })
    expect(shown(world.read().container)).toEqual([
      { address: world.to(array), value: words[0], object: 'scx_task_allocator[0]' },
      {
        address: world.to(array + 16),
        value: words[1],
        object: expect.stringMatching(/^scx_task_allocator\[1\]\./),
      },
      { address: world.to(array + 32), value: 7n, object: undefined },
    ])
  })

  it('in a double queue, whose tasks are the structs that the allocator knows', () => {
    const world = new ContainersWorld('scx_dhq')
    const [first = 0, second = 0] = world.contexts(2)
    const [a, b] = [world.take(24), world.take(24)]
    const arrays = [world.take(16), world.take(16)] as const
    for (const [n, heap] of [a, b].entries())
      world.set('scx_minheap', heap, { size: 1, capacity: 1, helems: world.to(arrays[n] as number) })
    world.set('scx_minheap_elem', arrays[0], { elem: world.to(first), weight: 9 })
    world.set('scx_minheap_elem', arrays[1], { elem: world.to(second), weight: 2 })
    const sizes = { size_a: 1, size_b: 1 }
    const capacity = 2n ** 64n - 1n
    world.set('scx_dhq', world.place, {
      strand_a: world.to(a),
      strand_b: world.to(b),
      mode: 1,
      ...sizes,
      capacity,
    })
    const { container, said } = world.read()
    expect(said).toBe('')
    const seen = container.entries.map(({ index, key, depth, address, value, object, details }) => {
      const { $type, $value } = value as PointerValue
      return [index, key, depth, address, $type, $value, object, details]
    })
    expect(seen).toEqual([
      [
        0,
        2n,
        0,
        world.to(arrays[1]),
        'struct queued_ctx *',
        world.to(second),
        'scx_task_allocator[1]',
        { strand: 'b', slot: 0 },
      ],
      [
        1,
        9n,
        0,
        world.to(arrays[0]),
        'struct queued_ctx *',
        world.to(first),
        'scx_task_allocator[0]',
        { strand: 'a', slot: 0 },
      ],
    ])
    expect(container.state).toEqual({
      mode: 'priority',
      order: 'vtime',
      lastStrand: 'a',
      capacity: 'unlimited',
      maxImbalance: 'unlimited',
      size: { a: 1n, b: 1n },
      dequeued: { a: undefined, b: undefined },
    })
    world.set('scx_dhq', world.place, { capacity: 5, max_imbalance: 3, fifo: 1, last_strand: 9, mode: 7 })
    // A mode that has no name: one strand after the other.
    const other = world.read()
    expect(other.keys).toEqual([9, 2])
    expect(other.container.state).toMatchObject({
      mode: 7,
      order: 'fifo',
      lastStrand: 9,
      capacity: 5n,
      maxImbalance: 3n,
    })
  })

  it('in a tree and in a btree', () => {
    const world = new ContainersWorld('btree')
    const [context = 0] = world.contexts(1)
    const leaf = world.take(200)
    world.set('btree', world.place, { root: world.to(leaf) })
    world.set('bt_node', leaf, {
      flags: 1,
      numkeys: 2,
      'keys[1]': 4,
      'values[0]': world.to(context),
      'values[1]': 3,
    })
    expect(shown(world.read().container)).toEqual([
      { address: world.to(leaf), value: world.to(context), object: 'scx_task_allocator[0]' },
      { address: world.to(leaf), value: 3n, object: undefined },
    ])
    const tree = new ContainersWorld('rbtree')
    const [first = 0, second = 0] = tree.contexts(2)
    const alone = tree.take(64)
    tree.set('rbtree', tree.place, { root: tree.to(first) })
    tree.set('rbnode', first, { key: 1, value: 5, right: tree.to(alone) })
    tree.set('rbnode', alone, { key: 2, value: tree.to(second), parent: tree.to(first) })
    expect(shown(tree.read().container)).toEqual([
      // A word that is no address: what the node itself is a part of.
      { address: tree.to(first), value: 5n, object: 'scx_task_allocator[0]' },
      { address: tree.to(alone), value: tree.to(second), object: 'scx_task_allocator[1]' },
    ])
  })

  it('in a queue to steal from', () => {
    const world = new ContainersWorld('lv_queue')
    const [context = 0] = world.contexts(1)
    const ring = world.place + (world.test.types.findStruct('lv_queue')?.size ?? 0) - 160
    const data = world.take(64)
    world.set('lv_queue', world.place, { cur: world.to(ring), top: 1, bottom: 3 })
    world.set('lv_arr', ring, { data: world.to(data), order: 2 })
    world.test.pointer(data + 8, context)
    expect(shown(world.read().container)).toEqual([
      { address: world.to(data + 8), value: world.to(context), object: 'scx_task_allocator[0]' },
      { address: world.to(data + 16), value: 0n, object: undefined },
    ])
  })

  it('in a topology, of which a node may be an allocation itself', () => {
    const world = new ContainersWorld('topology')
    const [child = 0] = world.contexts(1)
    const mask = world.take(528)
    const children = world.test.types.findStruct('topology')?.member('children')?.offset ?? 0
    world.set('topology', world.place, { nr_children: 1, mask: world.to(mask) })
    world.test.pointer(world.place + children, child)
    world.set('topology', child, { parent: world.to(world.place), level: 1, mask: world.to(mask) })
    const { container, said } = world.read()
    expect(said).toBe('')
    expect(container.entries.map(({ address, object }) => [address, object])).toEqual([
      [world.to(world.place), undefined],
      [world.to(child), 'scx_task_allocator[0]'],
    ])
    const values = container.entries.map(({ value }) => (value as StructValue).$address)
    expect(values).toEqual([world.place, child].map((place) => world.test.kernelAddress(place)))
  })

  it('in a table of bandwidth', () => {
    const world = new ContainersWorld('btree')
    const [context = 0] = world.contexts(1)
    world.set('scx_cgroup_ctx', context, { id: 3, quota: 4 })
    const bytes = (value: bigint) => new Uint8Array(BigUint64Array.of(value).buffer)
    world.test.hash('cbw_cgrp_map', 'cbw_cgrp_entry', 8, [
      { key: bytes(3n), value: bytes(world.to(context)) },
    ])
    const [entry] = world.read('cbw_cgrp_map').container.entries
    expect([entry?.address, entry?.object]).toEqual([world.to(context), 'scx_task_allocator[0]'])
    expect(entry?.value).toMatchObject({
      $type: 'struct scx_cgroup_ctx',
      $address: world.test.kernelAddress(context),
    })
  })
})

describe('parts of containers', () => {
  it('are no containers of their own, also where an allocator has handed them out', () => {
    const test = new ArenaGuest()
    const {
      it: pointer,
      typing,
      allocator,
    } = test.section('.bss', {
      it: 'to_scx_dhq',
      allocator: 'scx_allocator',
      typing: 'to_scx_minheap',
    })
    const specs = [0, 1, 2].map((index) => ({ index }))
    const { elements } = writeSdtTree(test, allocator?.at ?? 0n, 32, specs)
    const heaps = specs.map(({ index }) => (elements.get(index) as number) + 8)
    const queue = test.pages(1)
    test.guest.u64(pointer?.at ?? 0n, test.user(queue))
    test.guest.u64(typing?.at ?? 0n, test.user(heaps[2] ?? 0))
    test.set('scx_dhq', queue, { strand_a: test.user(heaps[0] ?? 0), strand_b: test.user(heaps[1] ?? 0) })
    expect(test.build().arena.containers.map(({ name, kind }) => [name, kind])).toEqual([
      ['it', 'dhq'],
      ['typing', 'minheap'],
    ])
  })
})
