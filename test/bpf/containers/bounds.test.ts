import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rangesText } from '../../../src/bpf/containers/bitmap.js'
import { whole } from '../../../src/problems.js'
import { ContainersWorld } from '../../support/containers-world.js'

const nowhere = 0x1000_0500_0000n
const outside = 0xffff_dead_beef_0000n
const hex = (value: bigint): string => `0x${value.toString(16)}`

describe('an rbtree', () => {
  /** A chain of left links, so many nodes deep. */
  function chain(count: number) {
    const world = new ContainersWorld('rbtree')
    const nodes = Array.from({ length: count }, () => world.take(56))
    for (const [n, node] of nodes.entries())
      world.set('rbnode', node, {
        key: count - n,
        parent: n === 0 ? 0n : world.to(nodes[n - 1] as number),
        left: n === count - 1 ? 0n : world.to(nodes[n + 1] as number),
      })
    world.set('rbtree', world.place, { root: world.to(nodes[0] as number) })
    return { world, nodes }
  }

  it('is 128 levels deep at most', () => {
    const most = chain(128).world.read()
    expect([most.said, most.container.count]).toEqual(['', whole(128)])
    const { world, nodes } = chain(129)
    const { said, container } = world.read()
    expect(said).toBe(
      `node at ${hex(world.to(nodes[128] as number))}: the tree is too large to be one, after 128 nodes`,
    )
    expect(container.count).toMatchObject({ whole: false, atLeast: 128 })
  })

  it('may have equal keys, and a root hangs below nothing', () => {
    const { world, nodes } = chain(3)
    const [root, second] = nodes as [number, number]
    world.set('rbnode', second, { key: 1 })
    expect(world.read()).toMatchObject({ said: '', keys: [1, 1, 3] })
    world.set('rbnode', root, { parent: world.to(second) })
    expect(world.read().said).toBe(
      `node at ${hex(world.to(root))}: its parent is ${hex(world.to(second))}, and it hangs below nothing`,
    )
  })

  it('says of a node below another which one that is', () => {
    const { world, nodes } = chain(2)
    world.set('rbnode', nodes[1] as number, { parent: outside })
    expect(world.read().said).toBe(
      `node at ${hex(world.to(nodes[1] as number))}: its parent is ${hex(outside)}, and it hangs below ${hex(world.to(nodes[0] as number))}`,
    )
  })

  it('of which the root is outside is not empty', () => {
    const { world } = chain(1)
    world.set('rbtree', world.place, { root: outside })
    const { said, container } = world.read()
    expect(said).toBe(`node at ${hex(outside)}: it is outside the arena`)
    expect(container.count).toMatchObject({ whole: false, atLeast: 0 })
  })
})

describe('a btree', () => {
  /** Nodes of which each has one child and no keys; the last is a leaf with these keys. */
  function chain(levels: number, keys: readonly number[] = [7]) {
    const world = new ContainersWorld('btree')
    const nodes = Array.from({ length: levels }, () => world.take(184))
    for (const [n, node] of nodes.entries()) {
      const isLeaf = n === levels - 1
      world.set('bt_node', node, {
        parent: n === 0 ? 0n : world.to(nodes[n - 1] as number),
        flags: isLeaf ? 3 : 2,
        numkeys: isLeaf ? keys.length : 0,
        ...(isLeaf ? {} : { 'values[0]': world.to(nodes[n + 1] as number) }),
      })
      if (isLeaf) for (const [k, key] of keys.entries()) world.set('bt_node', node, { [`keys[${k}]`]: key })
    }
    world.set('btree', world.place, { root: world.to(nodes[0] as number) })
    return { world, nodes }
  }
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

  it('is 32 levels deep at most', () => {
    const most = chain(32).world.read()
    expect([most.said, most.keys, most.container.state]).toEqual(['', [7], { nodes: 32, levels: 32 }])
    const { world, nodes } = chain(33)
    expect(world.read().said).toBe(
      `node at ${hex(world.to(nodes[32] as number))}: the tree is too large to be one, after 32 nodes`,
    )
  })

  it('has leaves of ten keys, and inner nodes of nine at most', () => {
    expect(chain(1, ten).world.read()).toMatchObject({ said: '', keys: ten })
    const { world, nodes } = chain(2)
    const [root, leaf] = nodes as [number, number]
    world.set('bt_node', root, { numkeys: 10 })
    expect(world.read()).toMatchObject({
      said: `node at ${hex(world.to(root))}: it says that it has 10 keys, of at most 9`,
      keys: [],
    })
    // Nine keys: ten children, of which nine are not there.
    world.set('bt_node', root, { numkeys: 9 })
    const { said, keys } = world.read()
    expect(keys).toEqual([7])
    expect(said).toBe('node at 0x0: a child that must be there is null')
    world.set('bt_node', root, { numkeys: 0 })
    world.set('bt_node', leaf, { numkeys: 11 })
    expect(world.read().said).toContain('it says that it has 11 keys, of at most 10')
  })

  it('has each key once', () => {
    const { world, nodes } = chain(1, [4, 4])
    expect(world.read()).toMatchObject({
      said: `node at ${hex(world.to(nodes[0] as number))}: its key 4 comes after 4`,
      keys: [4, 4],
    })
    expect(chain(1, [0, 1]).world.read().said).toBe('')
  })

  it('that is empty is empty, and one whose root is outside is not', () => {
    const world = new ContainersWorld('btree')
    expect(world.read()).toMatchObject({ said: '', container: { count: whole(0) } })
    world.set('btree', world.place, { root: outside })
    expect(world.read()).toMatchObject({
      said: `node at ${hex(outside)}: it is outside the arena`,
      container: { count: { whole: false, atLeast: 0 } },
    })
  })

  it('says of a root that has a parent, and of a child that names another', () => {
    const { world, nodes } = chain(2)
    const [root, leaf] = nodes as [number, number]
    world.set('bt_node', root, { parent: world.to(leaf) })
    world.set('bt_node', leaf, { parent: 0n })
    expect(world.read().said.split('\n')).toEqual([
      `node at ${hex(world.to(root))}: its parent is ${hex(world.to(leaf))}, and it hangs below nothing`,
      `node at ${hex(world.to(leaf))}: its parent is 0x0, and it hangs below ${hex(world.to(root))}`,
    ])
  })

  it('goes on behind a leaf that cannot be read', () => {
    const { world, nodes } = chain(2)
    world.set('bt_node', nodes[0] as number, { numkeys: 1, 'values[0]': nowhere })
    world.test.u64((nodes[0] as number) + 88, world.to(nodes[1] as number))
    const { said, keys, container } = world.read()
    expect(keys).toEqual([7])
    expect(said).toMatch(new RegExp(`^node at ${hex(nowhere)}: page not present`))
    expect(container.entries[0]).toMatchObject({ index: 0, depth: 1, details: { slot: 0 } })
  })
})

describe('a queue to steal from', () => {
  function queue(
    members: Readonly<Record<string, number | bigint>>,
    ring: Readonly<Record<string, number | bigint>> = {},
  ) {
    const world = new ContainersWorld('lv_queue')
    const size = world.test.types.findStruct('lv_queue')?.size ?? 0
    const first = world.place + size - 160
    const data = world.take(64 * 8)
    for (let n = 0; n < 64; n++) world.test.u64(data + n * 8, n)
    world.set('lv_queue', world.place, { cur: world.to(first), top: 0, bottom: 1, ...members })
    world.set('lv_arr', first, { data: world.to(data), order: 3, ...ring })
    return { world, first, data, size }
  }
  const said = (...of: Parameters<typeof queue>) => queue(...of).world.read().said

  it('has one of its own ten rings', () => {
    const { world, first, data, size } = queue({})
    const last = first + 9 * 16
    world.set('lv_arr', last, { data: world.to(data), order: 3 })
    for (const [cur, isOwn] of [
      [first, true],
      [last, true],
      [first - 16, false],
      [first + 8, false],
      [world.place + size, false],
    ] as const) {
      world.set('lv_queue', world.place, { cur: world.to(cur) })
      const found = world.read()
      expect(found.said).toBe(isOwn ? '' : `ring: ${hex(world.to(cur))} is none of the queue's own`)
      expect(found.container.count.whole).toBe(isOwn)
    }
    world.set('lv_queue', world.place, { cur: outside })
    expect(world.read().said).toBe(`ring: ${hex(outside)} is outside the arena`)
  })

  it('has as many values as its ring has words', () => {
    expect(queue({ top: 5, bottom: 13 }).world.read()).toMatchObject({
      said: '',
      container: { count: whole(8) },
    })
    expect(said({ top: 5, bottom: 14 })).toBe('ring: 9 values do not fit 2^3 words')
    expect(queue({}, { order: 0 }).world.read()).toMatchObject({ said: '', container: { count: whole(1) } })
    expect(said({ bottom: 2 }, { order: 0 })).toBe('ring: 2 values do not fit 2^0 words')
  })

  it('has rings of an order that can be', () => {
    expect(said({}, { order: 32 })).toBe('')
    expect(said({}, { order: 33 })).toBe('ring: an order of 33 cannot be')
    // Unsigned: a huge one.
    expect(said({}, { order: 2n ** 64n - 1n })).toMatch(/^ring: an order of -?\d+ cannot be$/)
  })

  it('has words somewhere', () => {
    expect(said({}, { data: 0n })).toBe('ring: its words at 0x0 are null')
    expect(said({}, { data: outside })).toBe(`ring: its words at ${hex(outside)} are outside the arena`)
  })

  it('counts on over the end of 64 bits', () => {
    const { container } = queue({ top: 2n ** 64n - 1n, bottom: 1 }).world.read()
    expect(container.entries.map(({ value, details }) => [value, details.slot])).toEqual([
      [7n, 7n],
      [0n, 0n],
    ])
  })

  it('is empty while its owner pops, and broken beyond that', () => {
    expect(said({ top: 4, bottom: 3 })).toBe('queue: its owner is popping from it while it is empty')
    expect(said({ top: 4, bottom: 2 })).toBe('queue: its top 4 is above its bottom 2')
  })
})

describe('a heap', () => {
  function heap(weights: readonly number[], members: Readonly<Record<string, number | bigint>> = {}) {
    const world = new ContainersWorld('scx_minheap')
    const array = world.take(Math.max(1, weights.length) * 16)
    const size = weights.length
    world.set('scx_minheap', world.place, { size, capacity: size, helems: world.to(array), ...members })
    for (const [slot, weight] of weights.entries())
      world.set('scx_minheap_elem', array + slot * 16, { elem: slot, weight })
    return world
  }

  it('gives its elements up by weight, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }), (weights) => {
        // Sorted arrays are heaps, and their siblings may be exchanged.
        const sorted = weights.toSorted((a, b) => a - b)
        for (let at = 1; at + 1 < sorted.length; at += 2) {
          const lowest = Math.min(sorted[2 * at + 1] ?? 99, sorted[2 * at + 2] ?? 99)
          const second = sorted[at + 1] as number
          if (second <= lowest) [sorted[at], sorted[at + 1]] = [second, sorted[at] as number]
        }
        const { said, keys } = heap(sorted).read()
        expect(said).toBe('')
        expect(keys).toEqual(weights.toSorted((a, b) => a - b))
      }),
      { numRuns: 15 },
    )
  })

  it('may be full, and says where it claims more', () => {
    expect(heap([1, 2]).read().said).toBe('')
    expect(heap([1, 2], { capacity: 1 }).read()).toMatchObject({
      said: 'heap: it says that it holds 2, of at most 1',
      keys: [1],
    })
  })

  it('may have equal weights below each other', () => {
    expect(heap([3, 3, 3]).read().said).toBe('')
    expect(heap([3, 3, 2]).read().said).toBe('slot 2: its weight 2 is below that of its parent, 3')
    expect(heap([1, 5, 6, 4]).read().said).toBe('slot 3: its weight 4 is below that of its parent, 5')
  })

  it('without an array is unknown, and with nothing in it empty', () => {
    expect(heap([1], { helems: 0n }).read()).toMatchObject({
      said: 'heap: its array at 0x0 is null',
      container: { count: { whole: false } },
    })
    expect(heap([1], { helems: outside }).read().said).toBe(
      `heap: its array at ${hex(outside)} is outside the arena`,
    )
    expect(heap([1], { size: 0, helems: 0n }).read()).toMatchObject({
      said: '',
      container: { count: whole(0) },
    })
  })

  it('is by weight, then by slot, where a part of it is on a page that is not there', () => {
    const world = new ContainersWorld('scx_minheap')
    // 200 of its elements lie at the end of the last of three pages.
    const array = world.place + 3 * 4096 - 200 * 16
    world.set('scx_minheap', world.place, { size: 300, capacity: 300, helems: world.to(array) })
    // What is below slot 1 is heavier than all else.
    const isHeavy = (slot: number): boolean => slot === 1 || (slot > 2 && isHeavy((slot - 1) >> 1))
    const slots = Array.from({ length: 200 }, (_, slot) => slot)
    for (const slot of slots)
      world.set('scx_minheap_elem', array + slot * 16, { elem: slot, weight: isHeavy(slot) ? 5 : 4 })
    const { container, said } = world.read()
    expect([...container].map(({ details }) => details.slot)).toEqual([
      ...slots.filter((slot) => !isHeavy(slot)),
      ...slots.filter(isHeavy),
    ])
    // The page is said once.
    expect(said).toMatch(/^slot 200: [^\n]+$/)
    expect(container.count).toMatchObject({ whole: false, atLeast: 200 })
  })
})

describe('a topology', () => {
  function node(members: Readonly<Record<string, number | bigint>>, levels = 1) {
    const world = new ContainersWorld('topology')
    const mask = world.take(528)
    world.set('scx_bitmap', mask, { 'bits[0]': 1 })
    const children = world.test.types.findStruct('topology')?.member('children')?.offset ?? 0
    const places = [world.place, ...Array.from({ length: levels - 1 }, () => world.take(64))]
    for (const [n, place] of places.entries()) {
      world.set('topology', place, {
        mask: world.to(mask),
        level: n,
        parent: n === 0 ? 0n : world.to(places[n - 1] as number),
      })
      if (n === levels - 1) continue
      world.set('topology', place, { nr_children: 1 })
      world.test.pointer(place + children, places[n + 1] as number)
    }
    world.set('topology', world.place, members)
    return { world, places, children }
  }
  const at = (world: ContainersWorld, place = world.place) => `node at ${hex(world.to(place))}`

  it('has a mask at each node', () => {
    for (const [mask, why] of [
      [0n, 'its mask is null'],
      [outside, 'its mask is outside the arena'],
    ] as const) {
      const { world } = node({ mask })
      const { said, container } = world.read()
      expect(said).toBe(`${at(world)}: ${why}`)
      expect(container.entries[0]?.details.cpus).toBeUndefined()
    }
    const { world } = node({ mask: nowhere })
    expect(world.read().said).toMatch(new RegExp(`^${at(world)}, mask, word 0: page not present`))
  })

  it('has children as it says', () => {
    const { world, children } = node({ nr_children: 1 })
    expect(world.read().said).toBe(`${at(world)}: its child 0 is null`)
    world.test.u64(world.place + children, outside)
    expect(world.read().said).toBe(`${at(world)}: its child 0 is outside the arena`)
    world.set('topology', world.place, { nr_children: 2n ** 64n - 1n })
    expect(world.read().said).toBe(`${at(world)}: it says that it has 18446744073709551615 children`)
  })

  it('is 32 levels deep at most, and has numbers of the levels that it knows', () => {
    const { world, places } = node({}, 33)
    const { said, container } = world.read()
    expect(said).toBe(`${at(world, places[32])}: the tree is too large to be one after 32 nodes`)
    const entries = [...container]
    expect(entries).toHaveLength(32)
    expect(entries[4]).toMatchObject({
      key: 0n,
      depth: 4,
      details: { ids: [0n, 0n, 0n, 0n, 0n], level: 'TOPO_CPU' },
    })
    expect(entries[5]).toMatchObject({ key: undefined, depth: 5, details: { ids: undefined, level: '5' } })
    expect(node({}, 32).world.read().said).toBe('')
  })

  it('says of its root that nothing is above it', () => {
    const { world, places } = node({}, 2)
    world.set('topology', places[1] as number, { parent: 0n })
    expect(world.read().said).toBe(
      `${at(world, places[1])}: its parent is 0x0, and it hangs below ${hex(world.to(world.place))}`,
    )
  })
})

it('runs of bits are written as ranges', () => {
  expect(rangesText([])).toBe('none')
  expect(
    rangesText([
      { first: 0, last: 0 },
      { first: 2, last: 5 },
    ]),
  ).toBe('0,2-5')
})
