import { describe, expect, it } from 'vitest'
import { whole } from '../../../src/problems.js'
import type { PointerValue } from '../../../src/value/types.js'
import { ContainersWorld } from '../../support/containers-world.js'

const nowhere = 0x1000_0500_0000n

/** A heap with these weights in the order of its array; elements are their slots. */
function fillHeap(world: ContainersWorld, heap: number, weights: readonly number[], capacity = 16): number {
  const array = world.take(capacity * 16)
  world.set('scx_minheap', heap, { size: weights.length, capacity, helems: world.to(array) })
  for (const [slot, weight] of weights.entries())
    world.set('scx_minheap_elem', array + slot * 16, { elem: 100 + slot, weight })
  return array
}

describe('a heap', () => {
  it('is in the order in which it gives its elements up', () => {
    const world = new ContainersWorld('scx_minheap')
    fillHeap(world, world.place, [1, 4, 2, 9, 4, 3])
    const { container, said, keys } = world.read()
    expect(said).toBe('')
    expect(keys).toEqual([1, 2, 3, 4, 4, 9])
    expect(container.entries.map(({ value }) => value)).toEqual([100n, 102n, 105n, 101n, 104n, 103n])
    expect(container.count).toEqual(whole(6))
    expect(container.state).toEqual({ capacity: 16n })
  })

  it('says of a parent that is heavier, of sizes that cannot be and of pages that are not there', () => {
    const heavy = new ContainersWorld('scx_minheap')
    fillHeap(heavy, heavy.place, [5, 4])
    expect(heavy.read()).toMatchObject({
      said: 'slot 1: its weight 4 is below that of its parent, 5',
      keys: [5, 4],
    })
    const large = new ContainersWorld('scx_minheap')
    fillHeap(large, large.place, [1, 2], 2)
    large.set('scx_minheap', large.place, { size: 2n ** 40n })
    const { container, said } = large.read()
    expect(said).toContain('it says that it holds 1099511627776, of at most 2')
    expect(container.count).toMatchObject({ whole: false, atLeast: 2 })
    const gone = new ContainersWorld('scx_minheap')
    fillHeap(gone, gone.place, [1, 2, 3])
    gone.set('scx_minheap', gone.place, { helems: nowhere, size: 10_000, capacity: 10_000 })
    expect(gone.read().container.count).toMatchObject({ whole: false, atLeast: 0 })
  })
})

/** Three tasks in a tree, by number of their order. */
function taskQueue(fifo: boolean) {
  const world = new ContainersWorld('scx_atq')
  const tree = world.take(64)
  const tasks = [1, 2, 3].map(() => world.take(104))
  const [first, second, third] = tasks as [number, number, number]
  world.set('scx_atq', world.place, {
    tree: world.to(tree),
    size: 3,
    seq: 7,
    fifo: fifo ? 1 : 0,
    capacity: 2n ** 64n - 1n,
  })
  world.set('rbtree', tree, { root: world.to(second), alloc: 1, insert: 2 })
  for (const [n, task] of tasks.entries()) {
    const links =
      task === second ? { left: world.to(first), right: world.to(third) } : { parent: world.to(second) }
    world.set('rbnode', task, { ...links, key: n + 4, value: world.to(task) })
    world.set('scx_task_common', task, { atq: world.to(world.place), state: n === 1 ? 1 : 0 })
    world.set('queued_ctx', task, { pid: 40 + n })
  }
  return { world, tree, tasks: [first, second, third] as const }
}

describe('a queue of tasks', () => {
  it('has its tasks in order, as the struct that their nodes are embedded in', () => {
    const { world, tasks } = taskQueue(true)
    const { container, said, keys } = world.read()
    expect(said).toBe('')
    expect(keys).toEqual([4, 5, 6])
    const value = container.entries[1]?.value as PointerValue
    expect([value.$type, value.$value]).toEqual(['struct scx_task_common *', world.to(tasks[1])])
    expect(container.entries.map(({ details }) => details.state)).toEqual([
      'SCX_TSK_CANRUN',
      'SCX_TSK_THROTTLED',
      'SCX_TSK_CANRUN',
    ])
    expect(container.state).toEqual({ order: 'fifo', size: 3n, seq: 7n, capacity: 'unlimited' })
  })

  it('is shown with its tree, which is no container of its own', () => {
    const { world } = taskQueue(false)
    expect(world.read().container.state.order).toBe('vtime')
    expect(world.test.build().arena.containers.map(({ kind }) => kind)).toEqual(['atq'])
  })

  it('says of tasks that are in another queue, and of counts that are wrong', () => {
    const { world, tasks } = taskQueue(true)
    world.set('scx_task_common', tasks[2], { atq: 1n })
    world.set('scx_atq', world.place, { size: 9 })
    const { said, keys } = world.read()
    expect(keys).toEqual([4, 5, 6])
    expect(said).toContain('says that it is in 0x1')
    expect(said).toContain('it counts 9 tasks, and 3 are in it')
  })

  it.each([
    [0n, 'the queue has none'],
    [0xffff_dead_beef_0000n, 'is outside the arena'],
  ] as const)('without a tree is not empty, but unknown: 0x%x', (tree, sentence) => {
    const { world } = taskQueue(true)
    world.set('scx_atq', world.place, { tree })
    const { container, said } = world.read()
    expect(said).toContain(sentence)
    expect(container.count.whole).toBe(false)
  })
})

function doubleQueue(mode: number) {
  const world = new ContainersWorld('scx_dhq')
  const [a, b] = [world.take(24), world.take(24)] as const
  world.set('scx_dhq', world.place, {
    strand_a: world.to(a),
    strand_b: world.to(b),
    size_a: 3,
    size_b: 1,
    last_strand: 1,
    mode,
  })
  fillHeap(world, a, [1, 6, 8])
  fillHeap(world, b, [5])
  return { world, a, b }
}

describe('a double queue', () => {
  it.each([
    ['alternating', 0, 'abaa', [1, 5, 6, 8]],
    ['priority', 1, 'abaa', [1, 5, 6, 8]],
    ['balanced', 2, 'aaab', [1, 6, 8, 5]],
  ] as const)('of mode %s is in the order in which it is emptied', (name, mode, strands, weights) => {
    const { container, said, keys } = doubleQueue(mode).world.read()
    expect(said).toBe('')
    expect(keys).toEqual(weights)
    expect(container.entries.map(({ details }) => details.strand).join('')).toBe(strands)
    expect(container.state.mode).toBe(name)
    expect(container.count).toEqual(whole(4))
  })

  it('keeps one strand where the other is lost, and says where sizes differ', () => {
    const { world, a } = doubleQueue(1)
    world.set('scx_dhq', world.place, { strand_b: 0n })
    world.set('scx_minheap', a, { size: 2 })
    const { container, said, keys } = world.read()
    expect(keys).toEqual([1, 6])
    expect(said).toContain('strand_b: the queue has none')
    expect(said).toContain('strand a: the queue counts 3 tasks in it, its heap 2')
    expect(container.count).toMatchObject({ whole: false, atLeast: 2 })
  })
})

function workQueue(top: bigint, bottom: bigint, order = 3) {
  const world = new ContainersWorld('lv_queue')
  const ring = world.place + (world.test.types.findStruct('lv_queue')?.size ?? 0) - (10 - order) * 16
  const data = world.take(8 * 64)
  world.set('lv_queue', world.place, { cur: world.to(ring), top, bottom })
  world.set('lv_arr', ring, { data: world.to(data), order })
  for (let slot = 0; slot < 8; slot++) world.test.u64(data + slot * 8, 500 + slot)
  return { world, ring }
}

describe('a queue to steal from', () => {
  it('has its oldest value first, across the end of its ring', () => {
    const { container, said } = workQueue(6n, 10n).world.read()
    expect(said).toBe('')
    expect(container.entries.map(({ value }) => value)).toEqual([506n, 507n, 500n, 501n])
    expect(container.at(2)?.value).toBe(500n)
    expect(container.state).toEqual({ top: 6n, bottom: 10n, order: 3n })
  })

  it('that is empty is empty, also while its owner looks', () => {
    expect(workQueue(4n, 4n).world.read()).toMatchObject({ said: '', container: { count: whole(0) } })
    const popping = workQueue(4n, 3n).world.read()
    expect(popping).toMatchObject({
      container: { count: whole(0) },
      said: expect.stringContaining('popping'),
    })
  })

  it.each([
    ['more values than room', 1n, 30n, undefined, '29 values do not fit 2^3 words'],
    ['a top above its bottom', 30n, 1n, undefined, 'its top 30 is above its bottom 1'],
    ['a ring of another', 1n, 3n, 0x100000009000n, "none of the queue's own"],
    ['no ring', 1n, 3n, 0n, 'the queue has none'],
  ] as const)('with %s is unknown, not guessed', (_, top, bottom, cur, sentence) => {
    const { world } = workQueue(top, bottom)
    if (cur !== undefined) world.set('lv_queue', world.place, { cur })
    const { container, said } = world.read()
    expect(said).toContain(sentence)
    expect([container.entries.length, container.count.whole]).toEqual([0, false])
  })

  it('says which words are on a page that is not there', () => {
    const { world, ring } = workQueue(0n, 3n)
    world.set('lv_arr', ring, { data: nowhere })
    const { container, said } = world.read()
    expect(said).toContain('slot 0')
    expect(container.count).toMatchObject({ whole: false, atLeast: 0 })
  })
})
