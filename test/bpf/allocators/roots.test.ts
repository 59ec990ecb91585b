import { describe, expect, it } from 'vitest'
import { ArenaGuest } from '../../support/arena-guest.js'
import { type ElementSpec, writeSdtTree } from '../../support/sdt-tree.js'

const userStart = 1n << 44n

/** An allocator of elements, and variables that refer to them. */
function make(
  variables: Readonly<Record<string, string>>,
  elements: readonly ElementSpec[] = [{ index: 0 }],
) {
  const test = new ArenaGuest()
  const all = test.section('.bss', { scx_task_allocator: 'scx_allocator', ...variables })
  const tree = writeSdtTree(test, all.scx_task_allocator?.at ?? 0n, 48, elements)
  const at = (name: string): bigint => all[name]?.at ?? 0n
  const place = (index: number): number => tree.elements.get(index) as number
  return { test, at, place }
}

describe('references that lead to nothing', () => {
  it('are named by their variable, and how far in it they are', () => {
    const { test, at } = make({ words: 'words' })
    test.guest.u64(at('words'), userStart + 900n * 4096n)
    test.guest.u64(at('words') + 24n, userStart + 901n * 4096n + 8n)
    const { arena } = test.build()
    expect(arena.strays).toEqual([
      { from: 'words', place: 900 * 4096, why: 'its page is free' },
      { from: 'words+0x18', place: 901 * 4096 + 8, why: 'its page is free' },
    ])
  })

  it('may be to pages that are handed out and have no memory', () => {
    const test = new ArenaGuest({ free: [[950, 2 ** 20 - 1]] })
    const { word } = test.section('.bss', { word: 'u64', scx_task_allocator: 'scx_allocator' })
    test.guest.u64(word?.at ?? 0n, userStart + 900n * 4096n)
    const { arena } = test.build()
    expect(arena.strays).toEqual([{ from: 'word', place: 900 * 4096, why: 'its page is not there' }])
  })

  it('are named by map, key and offset in the value', () => {
    const { test } = make({})
    test.hash('tasks', 'u64', 4, [
      {
        key: Uint8Array.of(7, 0, 0, 0),
        value: new Uint8Array(BigUint64Array.of(userStart + 900n * 4096n).buffer),
      },
    ])
    expect(test.build().arena.strays).toEqual([
      { from: 'tasks[07000000]+0x0', place: 900 * 4096, why: 'its page is free' },
    ])
  })

  it('are counted beyond a thousand', () => {
    const test = new ArenaGuest()
    const page = test.pages(4)
    test.setAt('scx_static', test.section('.data', { other: 'scx_static' }).other?.at ?? 0n, {
      max_alloc_bytes: 4 * 4096,
      memory: test.user(page),
      off: 4 * 4096,
    })
    for (let at = 0; at < 4 * 4096; at += 8) test.u64(page + at, userStart + 900n * 4096n)
    const { arena } = test.build()
    expect(arena.strays).toHaveLength(1000)
    expect(arena.strays.map(({ from }) => from)).toContain('other region+0x8')
  })
})

describe('roots that could not be looked at', () => {
  it('are parts of variables and of elements whose pages are missing', () => {
    const big = new ArenaGuest()
    const { scx_task_allocator: allocator, handle } = big.section('.bss', {
      scx_task_allocator: 'scx_allocator',
      handle: 'toData',
    })
    const tree = writeSdtTree(big, allocator?.at ?? 0n, 5624, [{ index: 0 }])
    const element = tree.elements.get(0) as number
    big.guest.u64(handle?.at ?? 0n, big.user(element))
    big.guest.unmap(big.kernelAddress((element & ~0xfff) + 4096))
    const { arena } = big.build()
    expect(arena.allocators[0]?.unreadRoots).toEqual([
      expect.stringMatching(/^scx_task_allocator\[0\]: page not present/),
    ])
  })

  it('are slots that an allocator has lost', () => {
    const { test } = make({})
    const other = test.section('.data', { cpu_allocator: 'scx_allocator' }).cpu_allocator
    test.setAt('scx_allocator', other?.at ?? 0n, { root: 0xdeadbeef000n, 'pool.elem_size': 24 })
    const { arena } = test.build()
    expect(arena.allocators[0]?.unreadRoots).toEqual([
      'elements of cpu_allocator that are not known: root: 0xdeadbeef000 leads out of the arena',
    ])
  })
})

describe('elements that something refers to', () => {
  it('are those that are pointed into, from the first byte to the last', () => {
    for (const [offset, isLeak] of [
      [0, false],
      [47, false],
      [48, true],
      [-1, true],
    ] as const) {
      const { test, at, place } = make({ word: 'u64' })
      test.guest.u64(at('word'), test.user(place(0) + offset))
      expect(test.build().arena.allocators[0]?.leaks.length).toBe(isLeak ? 1 : 0)
    }
  })

  it('are pointed at by words that are aligned, and no null', () => {
    const { test, at, place } = make({ words: 'words' })
    test.guest.u64(at('words') + 4n, test.user(place(0)))
    expect(test.build().arena.allocators[0]?.leaks).toHaveLength(1)
  })

  it('may be pointed at from entries of maps', () => {
    const { test, place } = make({}, [{ index: 0 }, { index: 1 }])
    const value = (n: number) => new Uint8Array(BigUint64Array.of(test.user(place(n) + 8)).buffer)
    test.hash('tasks', 'toTask', 4, [{ key: Uint8Array.of(1, 0, 0, 0), value: value(1) }])
    const [allocator] = test.build().arena.allocators
    expect(allocator?.leaks.map(({ index }) => index)).toEqual([0])
    expect(allocator?.payload).toMatchObject({
      certainty: 'exact',
      evidence: 'a pointer of type struct task_ctx * to its elements, such as tasks[01000000]+0x0',
    })
  })
})
