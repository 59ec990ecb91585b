import { describe, expect, it } from 'vitest'
import { whole } from '../../../src/problems.js'
import type { PointerValue } from '../../../src/value/types.js'
import { ContainersWorld } from '../../support/containers-world.js'

const outside = 0xffff_dead_beef_0000n
const nowhere = 0x1000_0500_0000n
const hex = (value: bigint): string => `0x${value.toString(16)}`

describe('a queue of tasks of the first release', () => {
  function queue(weights: readonly number[], members: Readonly<Record<string, number | bigint>> = {}) {
    const world = new ContainersWorld('scx_atq', 'it', { queuesInHeaps: true })
    const heap = world.take(24)
    const array = world.take(16 * 16)
    world.set('scx_atq', world.place, {
      heap: world.to(heap),
      size: weights.length,
      capacity: 16,
      seq: 9,
      fifo: 0,
      ...members,
    })
    world.set('scx_minheap', heap, { size: weights.length, capacity: 16, helems: world.to(array) })
    for (const [slot, weight] of weights.entries())
      world.set('scx_minheap_elem', array + slot * 16, { elem: 900 + slot, weight })
    return { world, heap, array }
  }

  it('has the tasks of its heap in the order in which they are popped', () => {
    const { world, array } = queue([2, 7, 5])
    const { container, said, keys } = world.read()
    expect(said).toBe('')
    expect(keys).toEqual([2, 5, 7])
    expect(container.count).toEqual(whole(3))
    expect(container.state).toEqual({ order: 'vtime', size: 3n, seq: 9n, capacity: 16n })
    expect(
      container.entries.map(({ index, depth, address, value, object, details }) => ({
        index,
        depth,
        address,
        value,
        object,
        details,
      })),
    ).toEqual(
      [0, 2, 1].map((slot, index) => ({
        index,
        depth: 0,
        address: world.to(array + slot * 16),
        value: BigInt(900 + slot),
        object: undefined,
        details: { slot },
      })),
    )
    expect(world.test.build().arena.containers.map(({ kind }) => kind)).toEqual(['atq'])
  })

  it('has tasks as the contexts that an allocator handed out', () => {
    const { world, array } = queue([1, 3, 5, 7, 9])
    const tasks = world.contexts(2)
    const words = [world.to(tasks[1] as number), world.to((tasks[0] as number) + 8), 0n, outside, nowhere]
    for (const [slot, word] of words.entries()) world.test.u64(array + slot * 16, word)
    const entries = world.read().container.entries
    const value = entries[0]?.value as PointerValue
    expect([value.$type, value.$value]).toEqual(['struct queued_ctx *', words[0]])
    // What leads into the middle of one, or to none, is the number that it is.
    expect(entries.slice(1).map((entry) => entry.value)).toEqual(words.slice(1))
    expect(entries.map(({ object }) => object)).toEqual([
      'scx_task_allocator[1]',
      expect.stringMatching(/^scx_task_allocator\[0\]/),
      undefined,
      undefined,
      undefined,
    ])
  })

  it('says where its count is another than that of its heap, and where the heap is lost', () => {
    expect(queue([1, 2], { size: 3 }).world.read()).toMatchObject({
      said: 'queue: it counts 3 tasks, and 2 are in it',
      keys: [1, 2],
    })
    for (const [heap, sentence] of [
      [0n, 'heap: the queue has none'],
      [outside, `heap: ${hex(outside)} is outside the arena`],
    ] as const) {
      const { container, said } = queue([1], { heap }).world.read()
      expect(said).toBe(sentence)
      expect(container.count).toMatchObject({ whole: false, atLeast: 0 })
      expect(container.state).toMatchObject({ order: 'vtime', seq: 9n })
    }
    const { container, said } = queue([1], { heap: nowhere }).world.read()
    expect(said).toMatch(/^heap: page not present/)
    expect(container.count.whole).toBe(false)
  })

  it('claims no count of tasks that could not be read', () => {
    const { world, heap } = queue([1, 2])
    world.set('scx_minheap', heap, { helems: nowhere })
    expect(world.read().said).toMatch(/^slot 0: page not present[^\n]*$/)
  })
})

describe('a queue of tasks in a tree', () => {
  /** Contexts of an allocator, one below the other by their right links. */
  function queue(count: number) {
    const world = new ContainersWorld('scx_atq')
    const tree = world.take(64)
    const tasks = world.contexts(count)
    const to = (n: number): bigint => (tasks[n] === undefined ? 0n : world.to(tasks[n] as number))
    world.set('scx_atq', world.place, { tree: world.to(tree), size: count, fifo: 1, capacity: 5 })
    world.set('rbtree', tree, { root: to(0) })
    for (const [n, task] of tasks.entries()) {
      world.set('rbnode', task, { parent: n === 0 ? 0n : to(n - 1), right: to(n + 1), key: n, value: to(n) })
      world.set('rbnode', task, { is_red: n % 2 })
      world.set('scx_task_common', task, { atq: world.to(world.place) })
    }
    return { world, tasks }
  }

  it('has its tasks as the structs that the allocator knows', () => {
    const { world, tasks } = queue(3)
    const { container, said } = world.read()
    expect(said).toBe('')
    expect(container.state).toMatchObject({ order: 'fifo', size: 3n, capacity: 5n })
    const address = (n: number) => world.to(tasks[n] as number)
    const seen = container.entries.map((entry) => {
      const value = entry.value as PointerValue
      return [entry.index, entry.depth, entry.address, value.$type, value.$value, entry.object]
    })
    expect(seen).toEqual(
      [0, 1, 2].map((n) => [n, n, address(n), 'struct queued_ctx *', address(n), `scx_task_allocator[${n}]`]),
    )
    expect(container.entries.map(({ details }) => details)).toEqual([
      { isRed: false, state: 'SCX_TSK_CANRUN' },
      { isRed: true, state: 'SCX_TSK_CANRUN' },
      { isRed: false, state: 'SCX_TSK_CANRUN' },
    ])
  })

  it('has a word that leads to no context as a number', () => {
    const { world, tasks } = queue(2)
    world.set('rbnode', tasks[1] as number, { value: 77 })
    expect(world.read().container.entries[1]?.value).toBe(77n)
  })

  it('says of each task which queue it is in by its own account', () => {
    const { world, tasks } = queue(2)
    const [first, second] = tasks as [number, number]
    world.set('scx_task_common', first, { atq: 0n, state: 6 })
    world.set('scx_task_common', second, { atq: outside })
    const { container, said } = world.read()
    const at = hex(world.to(world.place))
    expect(said.split('\n')).toEqual([
      `task at ${hex(world.to(first))}: it is in the queue at ${at}, and says that it is in none`,
      `task at ${hex(world.to(second))}: it is in the queue at ${at}, and says that it is in ${hex(outside)}`,
    ])
    // A state that has no name is its number.
    expect(container.entries[0]?.details.state).toBe(6n)
    expect(container.count).toEqual(whole(2))
  })
})
