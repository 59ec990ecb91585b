import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Allocator } from '../../../src/bpf/allocators/allocator.js'
import { figureText, whole } from '../../../src/problems.js'
import { ArenaGuest, type ArenaOptions } from '../../support/arena-guest.js'
import { type ElementSpec, type SdtTree, writeSdtTree } from '../../support/sdt-tree.js'

interface Made {
  readonly test: ArenaGuest
  readonly tree: SdtTree
  readonly variable: bigint
}

function make(specs: readonly ElementSpec[], elementSize = 48, options: ArenaOptions = {}): Made {
  const test = new ArenaGuest(options)
  const { scx_task_allocator: variable } = test.section('.bss', { scx_task_allocator: 'scx_allocator' })
  if (variable === undefined) throw new Error('no variable')
  return { test, tree: writeSdtTree(test, variable.at, elementSize, specs), variable: variable.at }
}

const live = (...indexes: number[]): ElementSpec[] => indexes.map((index) => ({ index }))
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
const statesOf = (allocator: Allocator): [number, string][] =>
  [...allocator.allocations()].map(({ index, state }) => [index, state])
const why = (allocator: Allocator): string =>
  allocator.problems.map((problem) => `${problem.where}: ${problem.why}`).join('\n')

describe('sdt trees', () => {
  it('are read below inner levels that are not full', () => {
    const indexes = [0, 1, 511, 512, 1000, 262_144, 262_700]
    const { test, tree } = make(live(...indexes))
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.live.map(({ index }) => index)).toEqual(indexes)
    for (const { index, address } of allocator.live)
      expect(address).toBe(test.user(tree.elements.get(index) as number))
    expect(allocator.problems).toEqual([])
  })

  it('are read below inner levels that are', () => {
    const { test } = make(live(...range(0, 1030)))
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.live).toHaveLength(1030)
    expect(allocator.reading.slots.count('live')).toEqual(whole(1030))
    expect(allocator.problems).toEqual([])
  })

  it('tell live, in-flight and recycled elements apart', () => {
    const { test } = make([
      { index: 0 },
      { index: 1, state: 'recycled', generation: 4 },
      { index: 2, state: 'unwritten', generation: 1 },
      { index: 3, state: 'unplaced' },
      { index: 4, tid: 77 },
      { index: 5, generation: 2 },
    ])
    const allocator = test.allocator('scx_task_allocator')
    expect(statesOf(allocator)).toEqual([
      [0, 'live'],
      [1, 'recycled'],
      [2, 'in-flight'],
      [3, 'in-flight'],
      [4, 'torn'],
      [5, 'live'],
    ])
    expect(allocator.at(1)?.generation).toBe(4)
    expect(allocator.at(3)?.address).toBeUndefined()
    expect(why(allocator)).toBe('element 4: its tid says 77')
    expect([...allocator.json()].map((text) => JSON.parse(text))).toMatchObject([
      { index: 0, state: 'live' },
      { index: 1, state: 'recycled', generation: 4 },
      { index: 2, state: 'in-flight' },
      { index: 3, state: 'in-flight', address: null },
      { index: 4, state: 'torn' },
      { index: 5, state: 'live', generation: 2 },
    ])
  })

  it('say where counts and bits disagree', () => {
    const { test, tree } = make(live(0, 1))
    test.u64((tree.descriptors.get('2/0/0') as number) + 64, 509)
    test.u64(tree.descriptors.get('0') as number, 1n << 9n)
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.live).toHaveLength(2)
    expect(why(allocator)).toContain('nr_free is 509, but 510 bits are clear')
    expect(why(allocator)).toContain('bit 9 says that the child is full, but there is none')
  })

  it('hold elements of more than a page', () => {
    const { test, tree } = make(live(0, 1, 2), 5624)
    for (const [index, place] of tree.elements) {
      test.set('big_ctx', place + 8, { head: index, 'table[699]': index * 10, tail: index * 100 })
    }
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.payload).toMatchObject({ certainty: 'inferred', header: 8 })
    const values = [...allocator.json()].map((text) => JSON.parse(text).value)
    expect(values.map(({ head, tail }) => [head, tail])).toEqual([
      [0, 0],
      [1, 100],
      [2, 200],
    ])
    expect(values[2].table[699]).toBe(20)
    expect(allocator.live[2]?.value).toMatchObject({ tail: 200n })
  })

  it('say that an element cannot be read, and go on', () => {
    const { test, tree } = make(live(...range(0, 300)))
    test.guest.unmap(test.kernelAddress(tree.elements.get(200) as number))
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.live.length).toBeGreaterThan(200)
    // They are handed out and not torn, and nobody knows how often they were given back.
    expect(allocator.at(200)).toMatchObject({ state: 'unreadable', generation: undefined })
    expect(statesOf(allocator).filter(([, state]) => state === 'torn')).toEqual([])
    const { slots } = allocator.reading
    const lost = slots.states.filter((state) => state === 'unreadable').length
    expect(slots.count('live')).toMatchObject({ whole: false, atLeast: 300 - lost })
    expect(figureText(slots.count('live'))).toBe(`at least ${300 - lost}`)
    expect(allocator.toJSON()).toMatchObject({
      counts: { live: { atLeast: 300 - lost, why: expect.stringContaining('page not present') } },
    })
    const [first] = [...allocator.json()]
      .map((text) => JSON.parse(text))
      .filter(({ state }) => state === 'unreadable')
    expect(first).toMatchObject({ generation: null })
    expect(why(allocator)).toContain('page not present')
    expect([...allocator.json()].join()).toContain('"unreadable":"page not present')
  })

  it('are empty before the first allocation', () => {
    const test = new ArenaGuest()
    test.section('.bss', { scx_task_allocator: 'scx_allocator' })
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.live).toEqual([])
    expect(allocator.toJSON()).toMatchObject({
      state: { initialized: false },
      leaks: [],
      payload: { certainty: 'unknown' },
    })
  })

  it('name what an address lies in', () => {
    const { test, tree } = make(live(0, 5))
    const place = tree.elements.get(5) as number
    const { arena } = test.build()
    expect(arena.describe(test.user(place + 8 + 4 + 3))).toMatchObject({
      text: 'scx_task_allocator[5].comm[3]',
      object: { state: 'live', place },
    })
    expect(arena.describe(test.user(place + 8)).text).toBe('scx_task_allocator[5]')
    expect(arena.describe(test.user(place + 4)).text).toBe(
      'scx_task_allocator[5]+0x4, its header; struct task_ctx begins at +0x8',
    )
    expect(arena.describe(test.user(tree.root)).text).toBe('scx_task_allocator level 0 descriptor')
  })
})

describe('ruined sdt trees', () => {
  it('that hang in themselves are read once', () => {
    const { test, tree } = make(live(0, 600))
    const inner = tree.chunks.get('1/0') as number
    test.pointer(inner + 8 * 100, tree.root)
    test.pointer(inner + 8 * 101, tree.descriptors.get('2/0/0') as number)
    test.pointer(inner + 8 * 102, 900 * 4096)
    test.u64(inner + 8 * 103, 0xdead0000beefn)
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.live.map(({ index }) => index)).toEqual([0, 600])
    expect(why(allocator)).toMatch(/hangs in the tree twice/)
    expect(why(allocator)).toMatch(/page not present/)
    expect(why(allocator)).toMatch(/child 103 is outside the arena/)
  })

  it('that share a chunk or an element say so', () => {
    const { test, tree } = make(live(0, 1, 512))
    test.pointer((tree.descriptors.get('2/0/1') as number) + 72, tree.chunks.get('2/0/0') as number)
    test.pointer((tree.chunks.get('2/0/0') as number) + 8, tree.elements.get(0) as number)
    const allocator = test.allocator('scx_task_allocator')
    expect(why(allocator)).toMatch(/another's too/)
    expect(why(allocator)).toMatch(/is element 0 too/)
  })

  it.each([0n, 8n, 2n ** 32n, 2n ** 64n - 1n])('with elements of %s bytes are not walked', (size) => {
    const { test, variable } = make(live(0))
    test.setAt('scx_allocator', variable, { 'pool.elem_size': size })
    const allocator = test.allocator('scx_task_allocator')
    expect(allocator.reading.slots.length).toBe(0)
    expect(why(allocator)).toContain('cannot be')
  })

  it('never crash the walk, and let it end', () => {
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 0, max: 60 * 512 }).map((at) => (1n << 44n) + BigInt(at * 8)),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 8 * 512, max: 20 * 512 - 1 }), word), { maxLength: 60 }),
        (writes) => {
          const { test, variable } = make(live(...range(0, 20), 513, 262_145))
          for (const [at, value] of writes) {
            if (at % 7 === 0) test.guest.u64(variable + BigInt((at % 5) * 8), value)
            else if (test.isMapped(at * 8)) test.u64(at * 8, value)
          }
          const { arena } = test.build()
          for (const allocator of arena.allocators) {
            JSON.stringify(allocator)
            for (const text of allocator.json()) JSON.parse(text)
          }
        },
      ),
      { numRuns: 20 },
    )
  })
})
