import { describe, expect, it, test } from 'vitest'
import { Slots } from '../../../src/bpf/allocators/slots.js'
import { copiesIdOf, vetoOf } from '../../../src/bpf/allocators/veto.js'
import type { ArenaReader } from '../../../src/bpf/arena/reader.js'
import { Btf } from '../../../src/btf/btf.js'
import type { StructType } from '../../../src/btf/types.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder, type MemberSpec } from '../../btf/builder.js'
import { type Integers, integers } from '../../value/types.js'

type Make = (b: BtfBuilder, types: Integers) => readonly MemberSpec[]

function struct(make: Make): StructType {
  const b = new BtfBuilder()
  const id = b.struct('s', make(b, integers(b)))
  return Btf.parse(b.build()).type(id) as StructType
}

const words = (...all: readonly bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(all).buffer)

/** Elements of an arena one after the other, by their bytes; one that is undefined is on a missing page. */
function world(elements: readonly (Uint8Array | undefined)[], states: readonly string[] = []) {
  const slots = new Slots(new Problems())
  for (const [n, element] of elements.entries())
    slots.add(n, n * 4096, element?.length ?? 8, (states[n] ?? 'live') as 'live')
  const window = {
    bytes(place: number, length: number) {
      const element = elements[Math.floor(place / 4096)]
      const start = place % 4096
      return element === undefined || start + length > element.length
        ? undefined
        : element.subarray(start, start + length)
    },
  }
  return { arena: { window } as unknown as ArenaReader, slots }
}

/** What speaks against a member, by the words of one element. */
function against(make: Make, ...values: readonly bigint[]): string | undefined {
  const { arena, slots } = world([words(...values)])
  return vetoOf(arena, slots)(struct(make), 0)
}

const member =
  (type: (b: BtfBuilder, types: Integers) => number): Make =>
  (b, types) => [{ name: 'm', type: type(b, types) }]

describe('a member can be', () => {
  const pointer = member((b) => b.pointer(0))
  const fits = 'struct s fits, but m of element 0 would be'

  test.each([
    [0n, undefined],
    [4096n, undefined],
    [2n ** 56n - 1n, undefined],
    [0xff00_0000_0000_0000n, undefined],
    [2n ** 64n - 1n, undefined],
    [1n, `${fits} the pointer 0x1`],
    [4095n, `${fits} the pointer 0xfff`],
    [2n ** 56n, `${fits} the pointer 0x100000000000000`],
    [0xfe00_0000_0000_0000n, `${fits} the pointer 0xfe00000000000000`],
  ])('a pointer that is %d', (value, expected) => {
    expect(against(pointer, value)).toBe(expected)
  })

  it('a pointer into another memory, whatever it is', () => {
    for (const tag of ['user', 'percpu', 'percpu_kptr']) {
      expect(
        against(
          member((b, { u64 }) => b.pointer(b.typeTag(tag, u64))),
          1n,
        ),
      ).toBeUndefined()
      expect(
        against(
          member((b, { u64 }) => b.pointer(b.const(b.typeTag(tag, u64)))),
          1n,
        ),
      ).toBeUndefined()
      expect(
        against(
          member((b, { u64 }) => b.pointer(b.pointer(b.typeTag(tag, u64)))),
          1n,
        ),
      ).toContain('the pointer')
    }
    expect(
      against(
        member((b, { u64 }) => b.pointer(b.typeTag('other', u64))),
        1n,
      ),
    ).toContain('the pointer')
  })

  it('a bool of one byte that is 0 or 1', () => {
    const flag = member((_, { bool }) => bool)
    expect([0n, 1n, 256n].map((value) => against(flag, value))).toEqual([undefined, undefined, undefined])
    expect(against(flag, 2n)).toBe(`${fits} a bool that is 2`)
    expect(
      against(
        member((b) => b.int('bool4', 4, { bool: true })),
        2n,
      ),
    ).toBeUndefined()
    expect(
      against(
        member((_, { u8 }) => u8),
        2n,
      ),
    ).toBeUndefined()
  })

  it('an enum that has the value, or any set of flags', () => {
    const plain = member((b) => b.enum('e', { A: 3, B: 7 }))
    expect([0n, 3n, 7n].map((value) => against(plain, value))).toEqual([undefined, undefined, undefined])
    expect(against(plain, 4n)).toBe(`${fits} 4, which is no enum e`)
    const flags = member((b) => b.enum('f', { A: 1, B: 2, C: 4, BOTH: 3 }))
    expect([5n, 7n].map((value) => against(flags, value))).toEqual([undefined, undefined])
    expect(against(flags, 8n)).toBe(`${fits} 8, which is no enum f`)
    // Two are no set, nor are those that have values beside flags.
    expect(
      against(
        member((b) => b.enum('g', { A: 1, B: 2 })),
        3n,
      ),
    ).toContain('no enum g')
    expect(
      against(
        member((b) => b.enum('h', { A: 1, B: 2, C: 4, D: 24 })),
        5n,
      ),
    ).toContain('no enum h')
    expect(
      against(
        member((b) => b.enum('n', { A: -1 })),
        0xffff_ffffn,
      ),
    ).toBeUndefined()
    expect(
      against(
        member((b) => b.enum('w', { A: 2n ** 40n })),
        2n ** 41n,
      ),
    ).toContain('no enum w')
    expect(
      against(
        member((b) => b.enum('b', { A: 3 }, 1)),
        0x104n,
      ),
    ).toContain('would be 4')
  })

  it('a bit field with any bits beside it', () => {
    const fields: Make = (b, { u32 }) => [
      { name: 'm', type: b.enum('e', { A: 1 }), bitOffset: 0, bitSize: 2 },
      { name: 'n', type: u32, bitOffset: 2, bitSize: 30 },
    ]
    expect(against(fields, 0x105n)).toBeUndefined()
  })

  it('in structs, arrays and their first elements', () => {
    const inner = (b: BtfBuilder) => b.struct('inner', [{ name: 'x', type: b.pointer(0) }])
    expect(against(member(inner), 1n)).toContain('m.x of element 0')
    expect(against((b) => [{ type: b.struct('', [{ name: 'x', type: b.pointer(0) }]) }], 1n)).toContain(
      'but x of',
    )
    const five = member((b) => b.array(b.pointer(0), 5))
    expect(against(five, 0n, 0n, 0n, 1n, 0n)).toContain('m[3] of element 0')
    expect(against(five, 0n, 0n, 0n, 0n, 1n)).toBeUndefined()
    expect(
      against(
        member((b) => b.union('u', [{ name: 'p', type: b.pointer(0) }])),
        1n,
      ),
    ).toBeUndefined()
    const bits: Make = (_, { u32 }) => [{ name: 'm', type: u32, bitOffset: 0, bitSize: 3 }]
    expect(against(bits, 7n)).toBeUndefined()
    const nested =
      (depth: number): Make =>
      (b) => {
        let type = b.pointer(0)
        for (let n = 0; n < depth; n++) type = b.struct(`n${n}`, [{ name: 'x', type }])
        return [{ name: 'm', type }]
      }
    expect(against(nested(7), 1n)).toContain('the pointer')
    expect(against(nested(8), 1n)).toBeUndefined()
  })
})

describe('elements that are looked at', () => {
  const pointers = struct((b) => [{ name: 'm', type: b.pointer(0) }])
  const veto = (elements: readonly (Uint8Array | undefined)[], states?: readonly string[]) => {
    const { arena, slots } = world(elements, states)
    return vetoOf(arena, slots)(pointers, 0)
  }

  it('are those that are handed out and can be read, the first 64', () => {
    expect(veto([words(0n), words(1n)])).toContain('element 1')
    expect(veto([words(1n)], ['free'])).toBeUndefined()
    expect(veto([undefined, words(1n)])).toContain('element 1')
    const many = (at: number) => Array.from({ length: 70 }, (_, n) => words(n === at ? 1n : 0n))
    expect(veto(many(63))).toContain('element 63')
    expect(veto(many(64))).toBeUndefined()
  })

  it('show whether a struct that begins with an id is behind the header', () => {
    const withTid = struct((b, { s64 }) => [
      { name: 'tid', type: b.union('sdt_id', [{ name: 'val', type: s64 }]) },
    ])
    const own = (element: Uint8Array) => {
      const { arena, slots } = world([element])
      return vetoOf(arena, slots)(withTid, 8)
    }
    expect([own(words(5n, 5n)), own(words(5n, 0n))]).toEqual([undefined, undefined])
    expect(own(words(5n, 6n))).toBe(
      "struct s fits, but its id in element 0 would be another than the element's",
    )
    const copies = (elements: readonly (Uint8Array | undefined)[], states?: readonly string[]) => {
      const { arena, slots } = world(elements, states)
      return copiesIdOf(arena, slots)(8)
    }
    expect(copies([words(5n, 5n)])).toBe(true)
    expect(copies([words(5n, 6n), undefined, words(7n, 7n)])).toBe(true)
    expect([copies([words(0n, 0n)]), copies([words(5n, 6n)]), copies([])]).toEqual([false, false, false])
    expect(copies([words(5n, 5n)], ['free'])).toBe(false)
  })
})
