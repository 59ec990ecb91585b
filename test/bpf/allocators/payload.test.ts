import { describe, expect, it } from 'vitest'
import { ArenaGuest } from '../../support/arena-guest.js'
import { type ElementSpec, writeSdtTree } from '../../support/sdt-tree.js'

/** An allocator of elements of that payload, and a way to write into them. */
function make(payload: number, elements: readonly ElementSpec[] = [{ index: 0 }, { index: 1 }]) {
  const test = new ArenaGuest()
  const { scx_thing_allocator } = test.section('.bss', { scx_thing_allocator: 'scx_allocator' })
  const tree = writeSdtTree(test, scx_thing_allocator?.at ?? 0n, payload + 8, elements)
  const place = (index: number): number => (tree.elements.get(index) as number) + 8
  return { test, place, payloadOf: () => test.allocator('scx_thing_allocator').payload }
}
const linkedBytes = 80
const nodeBytes = 112
const treeBytes = 32

describe('the type of elements', () => {
  it('is none that only has the size: the BTF of a program is full of the kernel it was built for', () => {
    const { payloadOf } = make(nodeBytes)
    expect(payloadOf()).toMatchObject({
      type: undefined,
      certainty: 'unknown',
      evidence: `no struct of ${nodeBytes} bytes is one that the program's functions, variables or maps point at`,
    })
  })

  it('is one that the program points at, and says where', () => {
    const { payloadOf } = make(linkedBytes)
    const payload = payloadOf()
    expect(payload.type?.name).toBe('linked_ctx')
    expect(payload.certainty).toBe('inferred')
    expect(payload.evidence).toContain('in its function use_linked_ctx')
  })

  it.each([
    ['next', { next: 1 }, 'next of element 1 would be the pointer 0x1'],
    ['next', { next: 0x1234567812345678n }, 'next of element 1 would be the pointer 0x1234567812345678'],
    ['isOn', { isOn: 2 }, 'isOn of element 1 would be a bool that is 2'],
    ['state', { state: 5 }, 'state of element 1 would be 5, which is no enum link_state'],
  ])('is not one whose %s no element can hold', (_, values, why) => {
    const { test, place, payloadOf } = make(linkedBytes)
    test.set('linked_ctx', place(1), values)
    const payload = payloadOf()
    expect(payload).toMatchObject({ type: undefined, certainty: 'unknown' })
    expect(payload.evidence).toBe(`struct linked_ctx fits, but ${why}`)
    expect(payload.candidates).toEqual(['struct linked_ctx'])
  })

  it('stays one whose members hold what they can', () => {
    const { test, place, payloadOf } = make(linkedBytes)
    test.set('linked_ctx', place(0), { next: test.user(place(1)), isOn: 1, state: 7 })
    test.set('linked_ctx', place(1), { next: 0xffff888000001000n, state: 3 })
    expect(payloadOf().type?.name).toBe('linked_ctx')
  })

  it('lies behind the header where it begins with a copy of the id in it', () => {
    const specs = [{ index: 0 }, { index: 1, generation: 3 }, { index: 2 }]
    const { test, place, payloadOf } = make(treeBytes, specs)
    test.section('.data', { a_tree: 'to_rbtree' })
    test.set('rbtree', place(1), { tid: (3n << 32n) | 1n, insert: 2 })
    // The third was just handed out: the copy is not made yet.
    const payload = payloadOf()
    expect(payload).toMatchObject({ certainty: 'inferred', header: 8 })
    expect(payload.type?.name).toBe('rbtree')
  })

  it('is no struct that begins with the id of another element', () => {
    const { test, place, payloadOf } = make(treeBytes, [{ index: 0 }, { index: 1, generation: 3 }])
    test.section('.data', { a_tree: 'to_rbtree' })
    test.set('rbtree', place(1), { tid: (2n << 32n) | 1n })
    expect(payloadOf()).toMatchObject({ type: undefined, certainty: 'unknown' })
    expect(payloadOf().evidence).toBe(
      "struct rbtree fits, but its id in element 1 would be another than the element's",
    )
  })

  it('is not ruled out by elements that are not handed out', () => {
    const { test, place, payloadOf } = make(linkedBytes, [{ index: 0 }, { index: 1, state: 'recycled' }])
    test.set('linked_ctx', place(1), { next: 1 })
    expect(payloadOf().type?.name).toBe('linked_ctx')
  })
})
