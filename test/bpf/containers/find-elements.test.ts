import { describe, expect, it } from 'vitest'
import { problemText } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

const outside = 0xffff_dead_beef_0000n

function key(id: number): Uint8Array {
  return Uint8Array.of(id, 0, 0, 0)
}

function words(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer)
}

/** An allocator of elements that a variable takes for that type, behind their headers. */
function allocated(
  type: string,
  size: number,
  fill: (test: ArenaGuest, payloads: readonly number[]) => void,
) {
  const test = new ArenaGuest()
  const { scx_task_allocator: allocator, typing } = test.section('.bss', {
    scx_task_allocator: 'scx_allocator',
    typing: `to_${type}`,
  })
  const specs = [{ index: 0 }, { index: 3 }, { index: 5, state: 'recycled' as const }]
  const tree = writeSdtTree(test, allocator?.at ?? 0n, size + 8, specs)
  const payloads = [0, 3, 5].map((index) => (tree.elements.get(index) ?? 0) + 8)
  test.guest.u64(typing?.at ?? 0n, test.user(payloads[0] ?? 0))
  fill(test, payloads)
  const { arena } = test.build()
  return {
    test,
    containers: arena.containers.map(({ name, address, origin }) => [
      name,
      address,
      origin.certainty,
      origin.evidence,
    ]),
    problems: arena.problems.map(problemText),
  }
}

describe('containers in what an allocator has handed out', () => {
  it('are parts of its elements, and what these point at', () => {
    let heap = 0
    const { containers, test, problems } = allocated('holder', 96, (test, payloads) => {
      heap = test.pages(1)
      test.set('holder', payloads[1] ?? 0, { heap: test.user(heap) })
    })
    expect(problems).toEqual([])
    expect(containers.map(([name]) => name)).toEqual([
      'scx_task_allocator[0].own',
      'scx_task_allocator[3].heap',
      'scx_task_allocator[3].own',
    ])
    expect(containers[1]?.[1]).toBe(test.user(heap))
    expect(containers.map(([, , certainty]) => certainty)).toEqual(Array(3).fill(containers[0]?.[2]))
    expect(containers[0]?.[3]).toBe('the type of elements of scx_task_allocator')
  })

  it('say of pointers out of the arena that they are', () => {
    const { problems } = allocated('holder', 96, (test, payloads) => {
      test.set('holder', payloads[0] ?? 0, { heap: outside })
    })
    expect(problems).toEqual(['scx_task_allocator[0].heap: 0xffffdeadbeef0000 is outside the arena'])
  })

  it('are the elements themselves, where nothing has them as a part', () => {
    const { containers } = allocated('scx_minheap', 24, () => undefined)
    expect(containers.map(([name]) => name)).toEqual(['typing', 'scx_task_allocator[3]'])
  })
})

describe('containers that values of maps lead to', () => {
  function mapped(entries: (test: ArenaGuest, place: number) => readonly bigint[], type = 'to_scx_minheap') {
    const test = new ArenaGuest()
    const place = test.pages(1)
    const values = entries(test, place)
    test.hash(
      'heaps',
      type,
      4,
      values.map((value, n) => ({ key: key(n + 1), value: words(value) })),
    )
    const { arena } = test.build()
    return { test, place, containers: arena.containers, problems: arena.problems.map(problemText) }
  }

  it('are named by their keys', () => {
    const { containers, test, place, problems } = mapped((test, place) => [
      test.user(place),
      0n,
      test.user(place + 64),
    ])
    expect(containers.map(({ name, address }) => [name, address]).toSorted()).toEqual([
      ['heaps[1]', test.user(place)],
      ['heaps[3]', test.user(place + 64)],
    ])
    expect(containers[0]?.origin).toEqual({
      certainty: 'declared',
      evidence: 'the type of values of map heaps',
    })
    expect(problems).toEqual([])
  })

  it('may be outside of the arena, which is said', () => {
    expect(mapped(() => [outside]).problems).toEqual(['heaps[1]: 0xffffdeadbeef0000 is outside the arena'])
  })

  it('are none where values are integers', () => {
    expect(mapped((test, place) => [test.user(place)], 'u64').containers).toEqual([])
  })
})

describe('names', () => {
  it('that two would have get the address of the second', () => {
    const test = new ArenaGuest()
    const { it: one } = test.section('.bss', { it: 'to_scx_minheap' })
    const { it: two } = test.section('.data', { it: 'to_scx_minheap' })
    const place = test.pages(1)
    test.guest.u64(one?.at ?? 0n, test.user(place))
    test.guest.u64(two?.at ?? 0n, test.user(place + 64))
    expect(test.build().arena.containers.map(({ name }) => name)).toEqual([
      'it',
      `it@0x${test.user(place + 64).toString(16)}`,
    ])
  })
})

describe('a variable that tells how long bitmaps are', () => {
  const bits = (type: string, value: bigint) => {
    const test = new ArenaGuest()
    const { it: pointer, mask_size } = test.section('.bss', { it: 'to_scx_bitmap', mask_size: type })
    const place = test.pages(1)
    test.guest.u64(pointer?.at ?? 0n, test.user(place))
    test.guest.write(mask_size?.at ?? 0n, words(value).subarray(0, type === 'u32' ? 4 : 8))
    const [container] = test.build().arena.containers
    return container?.state.bits
  }

  it('has 4 or 8 bytes', () => {
    expect(bits('u32', 3n)).toBe(192)
    expect(bits('u64', 3n)).toBe(192)
    // A table of numbers is none.
    expect(bits('words', 3n)).toBe(64)
  })
})
