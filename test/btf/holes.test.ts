import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { layoutOf } from '../../src/btf/holes.js'
import { structSummary } from '../../src/btf/struct-summary.js'
import type { StructType } from '../../src/btf/types.js'
import { BtfBuilder, type MemberSpec } from './builder.js'

interface Ints {
  readonly u8: number
  readonly u16: number
  readonly u32: number
  readonly u64: number
}

type Make = (ints: Ints, b: BtfBuilder) => readonly MemberSpec[]

function struct(size: number, make: Make, kind: 'struct' | 'union' = 'struct'): StructType {
  const b = new BtfBuilder()
  const ints: Ints = {
    u8: b.int('unsigned char', 1),
    u16: b.int('unsigned short', 2),
    u32: b.int('unsigned int', 4),
    u64: b.int('unsigned long', 8),
  }
  const id = b[kind]('it', make(ints, b), size)
  return Btf.parse(b.build()).type(id) as StructType
}

/** What is not 0, of the struct and of its members by name. */
function found(size: number, make: Make, kind?: 'struct' | 'union') {
  const { members, ...rest } = layoutOf(struct(size, make, kind))
  const set = (values: object): object =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0 && value !== false))
  const byName = members.map(({ member, hole, bitHole, alignment }) => [
    member.name,
    set({ hole, bitHole, alignment }),
  ])
  return {
    ...set(rest),
    ...Object.fromEntries(byName.filter(([, values]) => Object.keys(values as object).length > 0)),
  }
}

/** A member of bits: from which bit on, and how many. */
const bits = (name: string, type: number, bitOffset: number, bitSize: number): MemberSpec => ({
  name,
  type,
  bitOffset,
  bitSize,
})

describe('holes between members', () => {
  it('are the bytes that nothing has', () => {
    expect(
      found(24, ({ u8, u64 }) => [
        { name: 'a', type: u8, offset: 0 },
        { name: 'b', type: u64, offset: 8 },
        { name: 'c', type: u8, offset: 16 },
      ]),
    ).toEqual({ holes: 1, padding: 7, a: { hole: 7 } })
    expect(
      found(8, ({ u32 }) => [
        { name: 'a', type: u32, offset: 0 },
        { name: 'b', type: u32, offset: 4 },
      ]),
    ).toEqual({})
  })

  it('are before the first one too', () => {
    expect(found(8, ({ u8 }) => [{ name: 'a', type: u8, offset: 5 }])).toEqual({
      holeBefore: 5,
      holes: 1,
      padding: 2,
      alignment: 4,
    })
    expect(found(4, ({ u32 }) => [bits('a', u32, 3, 5)])).toEqual({
      bitHoleBefore: 3,
      bitHoles: 1,
      bitPadding: 24,
    })
  })

  it.each<[string, number, Make, object]>([
    [
      'bits up to the byte of the next member',
      4,
      ({ u8, u32 }) => [bits('a', u32, 0, 3), { name: 'b', type: u8, offset: 1 }],
      { bitHoles: 1, padding: 2, a: { bitHole: 5 } },
    ],
    [
      'bits up to the end of the word, and bytes behind it',
      12,
      ({ u32 }) => [bits('a', u32, 0, 3), { name: 'b', type: u32, offset: 8 }],
      { holes: 1, bitHoles: 1, a: { hole: 4, bitHole: 29 }, b: { alignment: 8 } },
    ],
    [
      'bytes before a word of bits',
      16,
      ({ u32, u64 }) => [{ name: 'a', type: u64, offset: 0 }, bits('b', u32, 96, 3)],
      { holes: 1, bitPadding: 29, a: { hole: 4 }, b: { alignment: 8 } },
    ],
    [
      'bits of a word that the member before is in',
      4,
      ({ u8, u32 }) => [{ name: 'a', type: u8, offset: 0 }, bits('b', u32, 12, 4)],
      { bitHoles: 1, bitPadding: 16, a: { bitHole: 4 } },
    ],
    [
      'bits between bits',
      4,
      ({ u32 }) => [bits('a', u32, 0, 3), bits('b', u32, 8, 24)],
      { bitHoles: 1, a: { bitHole: 5 } },
    ],
    [
      'bits that no word has room for',
      8,
      ({ u32 }) => [bits('a', u32, 0, 20), bits('b', u32, 32, 20)],
      { bitHoles: 1, bitPadding: 12, a: { bitHole: 12 } },
    ],
    [
      'none where bits go on in the next word',
      8,
      ({ u32 }) => [bits('a', u32, 0, 20), bits('b', u32, 20, 20)],
      { bitPadding: 24 },
    ],
  ])('are %s', (_, size, make, expected) => {
    expect(found(size, make)).toEqual(expected)
  })

  it('are at the end the rest of the word, then the bytes behind it', () => {
    expect(found(4, ({ u32 }) => [bits('a', u32, 0, 5)])).toEqual({ bitPadding: 27 })
    expect(found(8, ({ u32 }) => [bits('a', u32, 0, 5)])).toEqual({
      bitPadding: 27,
      padding: 4,
      alignment: 8,
    })
    expect(found(2, ({ u32 }) => [bits('a', u32, 0, 5)])).toEqual({ bitPadding: 11, packed: true })
  })
})

describe('alignments that the places of members show', () => {
  const second = (offset: number, size = 256) => {
    const { b } = found(size, ({ u8, u32 }) => [
      { name: 'a', type: u8, offset: 0 },
      { name: 'b', type: u32, offset },
    ]) as { b?: { alignment?: number } }
    return b?.alignment
  }

  it.each([
    [4, undefined],
    [8, 8],
    [16, 16],
    [24, 32],
    [32, 32],
    // Whatever is at a cache line is there because it is one.
    [64, 64],
    [128, 128],
    [9, undefined],
  ])('an int at byte %i has %s', (offset, alignment) => {
    expect(second(offset)).toBe(alignment)
  })

  it('are those of a cache line where a smaller one would do', () => {
    expect(
      found(128, ({ u32 }, b) => [
        { name: 'a', type: b.array(u32, 14), offset: 0 },
        { name: 'b', type: u32, offset: 64 },
      ]),
    ).toMatchObject({ a: { hole: 8 }, b: { alignment: 64 }, alignment: 64, padding: 60 })
  })

  it('are those of the struct where its size shows one', () => {
    const alignment = (size: number) =>
      (found(size, ({ u32 }) => [{ name: 'a', type: u32, offset: 0 }]) as { alignment?: number }).alignment
    expect([4, 8, 16, 64].map(alignment)).toEqual([undefined, 8, 16, 64])
  })

  it('are none in unions, and members without a size show none', () => {
    expect(found(64, ({ u32 }) => [{ name: 'a', type: u32, offset: 0 }], 'union')).not.toHaveProperty(
      'alignment',
    )
    expect(
      found(64, ({ u32 }, b) => [
        { name: 'a', type: u32, offset: 0 },
        { name: 'none', type: b.struct('none', []), offset: 32 },
        { name: 'b', type: u32, offset: 32 },
      ]),
    ).toMatchObject({ b: { alignment: 32 } })
  })
})

describe('packed structs', () => {
  const packed = (size: number, make: Make, kind?: 'struct' | 'union') =>
    layoutOf(struct(size, make, kind)).packed

  it('have a member where it would not lie, or a size that is no multiple', () => {
    const pair =
      (offset: number): Make =>
      ({ u8, u32 }) => [
        { name: 'a', type: u8, offset: 0 },
        { name: 'b', type: u32, offset },
      ]
    expect(packed(5, pair(1))).toBe(true)
    expect(packed(8, pair(4))).toBe(false)
    // Something was left free: then nothing was packed.
    expect(packed(8, pair(1))).toBe(false)
    const last: Make = ({ u8, u32 }) => [
      { name: 'a', type: u32, offset: 0 },
      { name: 'b', type: u8, offset: 4 },
    ]
    expect(packed(5, last)).toBe(true)
    expect(packed(8, last)).toBe(false)
    expect(packed(5, last, 'union')).toBe(false)
    expect(packed(3, ({ u8 }, b) => [{ name: 'a', type: b.array(u8, 3), offset: 0 }])).toBe(false)
  })
})

describe('the sums below a struct', () => {
  const sums = (size: number, make: Make): string[] => {
    const type = struct(size, make)
    return structSummary(type, layoutOf(type))
  }

  it('count cache lines, members and what is free', () => {
    expect(sums(64, ({ u64 }, b) => [{ name: 'a', type: b.array(u64, 8), offset: 0 }])).toEqual([
      'size: 64, cachelines: 1, members: 1',
    ])
    expect(sums(72, ({ u64 }, b) => [{ name: 'a', type: b.array(u64, 9), offset: 0 }])).toEqual([
      'size: 72, cachelines: 2, members: 1',
      'last cacheline: 8 bytes',
    ])
    expect(
      sums(24, ({ u8, u64 }) => [
        { name: 'a', type: u8, offset: 0 },
        { name: 'b', type: u64, offset: 8 },
        { name: 'c', type: u8, offset: 16 },
      ]),
    ).toEqual([
      'size: 24, cachelines: 1, members: 3',
      'sum members: 10, holes: 1, sum holes: 7',
      'padding: 7',
      'last cacheline: 24 bytes',
    ])
  })

  it('count bits apart from bytes', () => {
    expect(
      sums(12, ({ u32 }) => [
        bits('a', u32, 0, 3),
        bits('b', u32, 8, 8),
        { name: 'c', type: u32, offset: 8 },
      ]),
    ).toEqual([
      'size: 12, cachelines: 1, members: 3',
      'sum members: 4, holes: 1, sum holes: 4',
      'sum bitfield members: 11 bits, bit holes: 2, sum bit holes: 21 bits',
      'last cacheline: 12 bytes',
    ])
    // Bits that leave none free are also bytes.
    expect(
      sums(16, ({ u32, u64 }) => [
        bits('a', u32, 0, 8),
        bits('b', u32, 8, 24),
        { name: 'c', type: u64, offset: 8 },
      ]),
    ).toEqual([
      'size: 16, cachelines: 1, members: 3',
      'sum members: 8, holes: 1, sum holes: 4',
      'sum bitfield members: 32 bits (4 bytes)',
      'last cacheline: 16 bytes',
    ])
    expect(sums(4, ({ u32 }) => [bits('a', u32, 0, 5), bits('b', u32, 8, 3)])).toEqual([
      'size: 4, cachelines: 1, members: 2',
      'sum bitfield members: 8 bits, bit holes: 1, sum bit holes: 3 bits',
      'bit_padding: 21 bits',
      'last cacheline: 4 bytes',
    ])
  })

  it('count the padding of structs within, and alignments that were asked for', () => {
    const padded: Make = ({ u8, u32, u64 }, b) => {
      const inner = b.struct('inner', [
        { name: 'x', type: u64 },
        { name: 'y', type: u8 },
      ])
      return [
        { name: 'a', type: inner, offset: 0 },
        { name: 'b', type: inner, offset: 16 },
        // Behind a typedef it is not looked at.
        { name: 'c', type: b.typedef('inner_t', inner), offset: 32 },
        { name: 'd', type: u32, offset: 64 },
        { name: 'e', type: u32, offset: 96 },
      ]
    }
    expect(sums(128, padded)).toEqual([
      'size: 128, cachelines: 2, members: 5',
      'sum members: 56, holes: 2, sum holes: 44',
      'padding: 28',
      'paddings: 2, sum paddings: 14',
      'forced alignments: 2, forced holes: 2, sum forced holes: 44',
    ])
  })

  it.each<[string, number, Make, string[]]>([
    [
      'one byte of padding in one member',
      4,
      ({ u8, u16 }, b) => [
        {
          name: 'a',
          type: b.struct('in', [
            { name: 'x', type: u16 },
            { name: 'y', type: u8 },
          ]),
          offset: 0,
        },
      ],
      ['paddings: 1, sum paddings: 1'],
    ],
    [
      'one bit before one hole of a byte',
      3,
      ({ u8 }) => [bits('a', u8, 7, 1), { name: 'b', type: u8, offset: 2 }],
      [
        'sum members: 1, holes: 1, sum holes: 1',
        'sum bitfield members: 1 bits, bit holes: 1, sum bit holes: 7 bits',
        'forced alignments: 1, forced holes: 1, sum forced holes: 1',
      ],
    ],
    [
      'a hole of one bit and no bytes at all',
      1,
      ({ u8 }) => [bits('a', u8, 0, 1), bits('b', u8, 2, 6)],
      ['sum bitfield members: 7 bits, bit holes: 1, sum bit holes: 1 bits'],
    ],
    ['one bit at the end', 1, ({ u8 }) => [bits('a', u8, 0, 7)], ['bit_padding: 1 bits']],
    ['one byte at the end', 2, ({ u8 }) => [{ name: 'a', type: u8, offset: 0 }], ['padding: 1']],
    [
      'an alignment without a hole before it, since a member without a size is there',
      12,
      ({ u8, u32 }, b) => [
        { name: 'a', type: u8, offset: 0 },
        { name: 'none', type: b.struct('none', []), offset: 8 },
        { name: 'b', type: u32, offset: 8 },
      ],
      ['sum members: 5, holes: 1, sum holes: 7', 'forced alignments: 1'],
    ],
    [
      'an alignment with one byte before it',
      4,
      ({ u8 }) => [
        { name: 'a', type: u8, offset: 0 },
        { name: 'b', type: u8, offset: 2 },
        { name: 'c', type: u8, offset: 3 },
      ],
      [
        'sum members: 3, holes: 1, sum holes: 1',
        'forced alignments: 1, forced holes: 1, sum forced holes: 1',
      ],
    ],
    [
      'an alignment of the first member',
      5,
      ({ u8 }) => [{ name: 'a', type: u8, offset: 4 }],
      [
        'sum members: 1, holes: 1, sum holes: 4',
        'forced alignments: 1, forced holes: 1, sum forced holes: 4',
      ],
    ],
  ])('count %s', (_, size, make, lines) => {
    expect(sums(size, make).slice(1, -1)).toEqual(lines)
  })
})

it('what lies in a struct is found once', () => {
  const type = struct(4, ({ u32 }) => [{ name: 'a', type: u32, offset: 0 }])
  expect(layoutOf(type)).toBe(layoutOf(type))
})
