import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { alignOf, memberAt, memberPathAt, sizeOf, skipTags, strip } from '../../src/btf/layout.js'
import type { CType } from '../../src/btf/types.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const u8 = b.int('unsigned char', 1)
const u32 = b.int('unsigned int', 4)
const u64 = b.int('long unsigned int', 8)
const head = b.typedef('head_t', b.const(b.struct('head', [{ name: 'first', type: u64 }])))
const slot = b.struct('slot', [
  { name: 'key', type: u32 },
  { name: 'flag', type: u32, bitOffset: 32, bitSize: 3 },
  { name: 'value', type: u64 },
])
const matrix = b.array(b.array(slot, 3), 2)
const table = b.struct('table', [
  { name: 'tag', type: u8 },
  {
    type: b.union('', [
      {
        type: b.struct('', [
          { name: 'low', type: u32 },
          { name: 'high', type: u32 },
        ]),
      },
      { name: 'whole', type: u64 },
    ]),
  },
  { name: 'head', type: head },
  { name: 'slots', type: matrix },
  { name: 'next', type: b.pointer(slot) },
  { name: 'tail', type: b.array(u32, 0) },
])
const voidPointer = b.pointer(0)
const selfTypedef = b.nextId
b.typedef('loop', selfTypedef)
const selfArray = b.nextId
b.array(selfArray, 4)
const selfStruct = b.struct(
  'self',
  (self) => [
    { type: self, offset: 0 },
    { name: 'x', type: u32, offset: 0 },
  ],
  8,
)
const deepArray = Array.from({ length: 200 }).reduce((type: number) => b.array(type, 0xffffffff), u8)
const section = b.section('.bss', [
  { type: b.variable('count', u64), offset: 8, size: 8 },
  { type: b.variable('slots', matrix), offset: 16, size: 96 },
])
const btf = Btf.parse(b.build())
const struct = btf.type(table)

describe('strip', () => {
  it('removes typedefs, qualifiers and tags', () => {
    expect(strip(btf.type(head))).toBe(btf.findStruct('head'))
    expect(strip(btf.type(u8))).toBe(btf.type(u8))
  })

  it('ends in loops', () => {
    expect(strip(btf.type(selfTypedef))).toMatchObject({ kind: 'unknown', id: selfTypedef })
  })
})

describe('sizeOf and alignOf', () => {
  it('are those of C', () => {
    expect(sizeOf(btf.type(matrix))).toBe(6 * 16)
    expect(sizeOf(btf.type(voidPointer))).toBe(8)
    expect(sizeOf(struct)).toBe(8 + 8 + 8 + 96 + 8)
    expect(alignOf(struct)).toBe(8)
    expect(alignOf(btf.type(u8))).toBe(1)
  })

  it('are no size and any place for what has none', () => {
    expect(sizeOf(btf.type(0))).toBeUndefined()
    expect(alignOf(btf.type(0))).toBe(1)
    for (const id of [selfTypedef, selfArray, deepArray]) expect(sizeOf(btf.type(id))).toBeUndefined()
  })

  it('end in a struct that holds itself', () => {
    expect(alignOf(btf.type(selfStruct))).toBe(4)
    expect(btf.findStruct('self')?.member('x')?.offset).toBe(0)
    expect(btf.findStruct('self')?.member('y')).toBeUndefined()
  })
})

/** The last of as many types as asked for, each made of the one before. */
function chain(length: number, link: (b: BtfBuilder, type: number) => number): CType {
  const b = new BtfBuilder()
  let type = b.int('u64', 8)
  for (let n = 0; n < length; n++) type = link(b, type)
  return Btf.parse(b.build()).type(type)
}

const typedef = (b: BtfBuilder, type: number): number => b.typedef('again', type)
const tag = (b: BtfBuilder, type: number): number => b.typeTag('again', type)
const one = (b: BtfBuilder, type: number): number => b.array(type, 1)
const box = (b: BtfBuilder, type: number): number => b.struct('box', [{ name: 'in', type }])

describe('chains of types', () => {
  it('end where they are longer than any real one', () => {
    expect(strip(chain(63, typedef))).toMatchObject({ kind: 'int' })
    expect(strip(chain(64, typedef))).toMatchObject({
      kind: 'unknown',
      reason: 'more than 64 typedefs and qualifiers in a row',
    })
    expect(skipTags(chain(64, tag)).kind).toBe('int')
    expect(skipTags(chain(65, tag)).kind).toBe('type_tag')
    expect(sizeOf(chain(64, one))).toBe(8)
    expect(sizeOf(chain(65, one))).toBeUndefined()
    expect(alignOf(chain(64, one))).toBe(8)
    expect(alignOf(chain(65, one))).toBe(1)
    expect(alignOf(chain(64, box))).toBe(8)
    expect(alignOf(chain(65, box))).toBe(1)
    expect(memberPathAt(chain(64, box), 1)).toMatchObject({ type: { kind: 'int' }, rest: 1 })
    expect(memberPathAt(chain(65, box), 1)).toMatchObject({
      path: Array(64).fill('in').join('.'),
      type: { kind: 'struct' },
    })
  })

  it('skip both kinds of tags and nothing else', () => {
    const b = new BtfBuilder()
    const target = b.const(b.int('u64', 8))
    const ids = [b.typeTag('a', target), b.declTag('b', target)]
    const btf = Btf.parse(b.build())
    for (const id of ids) expect(skipTags(btf.type(id))).toBe(btf.type(target))
  })
})

describe('alignments of structs', () => {
  it.each<[string, number, (b: BtfBuilder) => number]>([
    ['a pointer', 8, (b) => b.pointer(0)],
    ['an array', 2, (b) => b.array(b.int('short', 2), 3)],
    ['a float', 8, (b) => b.float('double', 8)],
    ['an enum', 4, (b) => b.enum('color', { RED: 0 })],
    ['a union', 8, (b) => b.union('both', [{ name: 'x', type: b.int('u64', 8) }])],
    ['a function, as only broken BTF has it', 1, (b) => b.prototype(0)],
    ['a float without a size', 1, (b) => b.float('none', 0)],
  ])('are those of %s within', (_, alignment, make) => {
    const b = new BtfBuilder()
    const type = make(b)
    const id = b.struct('it', [{ name: 'x', type }], 8)
    expect(alignOf(Btf.parse(b.build()).type(id))).toBe(alignment)
  })

  it('are found from 65536 members', () => {
    const b = new BtfBuilder()
    const [u8, u64] = [b.int('u8', 1), b.int('u64', 8)]
    const bytes = { name: '', type: u8, offset: 0 }
    const last = { name: '', type: u64, offset: 0 }
    const found = [65535, 65536].map((length) => b.struct('it', [...Array(length).fill(bytes), last], 8))
    const btf = Btf.parse(b.build())
    expect(found.map((id) => alignOf(btf.type(id)))).toEqual([8, 1])
  })
})

it('variables have the size of what they are', () => {
  const b = new BtfBuilder()
  const id = b.variable('all', b.array(b.int('u64', 8), 3))
  expect(sizeOf(Btf.parse(b.build()).type(id))).toBe(24)
})

describe('memberAt', () => {
  it('follows members, anonymous members, arrays and typedefs', () => {
    expect(memberAt(struct, 'tag')).toMatchObject({ offset: 0, bitOffset: 0, bitSize: 0 })
    expect(memberAt(struct, 'high')).toMatchObject({ offset: 12 })
    expect(memberAt(struct, 'head.first')).toMatchObject({ offset: 16, type: btf.type(u64) })
    expect(memberAt(struct, 'slots[1][2].value')).toMatchObject({ offset: 24 + (3 + 2) * 16 + 8 })
    expect(memberAt(struct, 'slots[0][1].flag')).toMatchObject({ bitOffset: (24 + 16 + 4) * 8, bitSize: 3 })
    expect(memberAt(struct, 'slots[1]')).toMatchObject({ offset: 24 + 48 })
    expect(memberAt(struct, 'tail[1000]')).toMatchObject({ offset: 128 + 4000 })
  })

  it.each([
    '',
    '.',
    'tag.',
    '.tag',
    'tag[0]',
    'nothing',
    'next.key',
    'slots[2]',
    'slots[0][3]',
    'slots.[0]',
    'slots[x]',
    'slots[0]key',
    'head..first',
  ])('gives undefined for "%s"', (path) => {
    expect(memberAt(struct, path)).toBeUndefined()
  })
})

describe('the variables of a section', () => {
  it.each([
    ['count', 8],
    ['slots[1][2].value', 16 + 5 * 16 + 8],
  ])('are reached by their names: %s', (path, offset) => {
    expect(memberAt(btf.type(section), path)).toMatchObject({ offset, bitOffset: 8 * offset, bitSize: 0 })
    expect(memberPathAt(btf.type(section), offset + 1)).toMatchObject({ path, rest: 1 })
  })

  it('are not what lies between them, or has another name', () => {
    expect(memberAt(btf.type(section), 'total')).toBeUndefined()
    expect(memberPathAt(btf.type(section), 3)).toBeUndefined()
    expect(memberPathAt(btf.type(section), 16 + 96)).toBeUndefined()
  })
})

describe('memberPathAt', () => {
  it.each([
    [0, 'tag', 0],
    [8, 'low', 0],
    [13, 'high', 1],
    [16, 'head.first', 0],
    [24, 'slots[0][0].key', 0],
    [28, 'slots[0][0].flag', 0],
    [24 + 5 * 16 + 9, 'slots[1][2].value', 1],
    [122, 'next', 2],
    [128 + 9, 'tail[2]', 1],
  ])('names byte %i', (offset, path, rest) => {
    expect(memberPathAt(struct, offset)).toMatchObject({ path, rest })
    expect(memberAt(struct, path)?.offset).toBe(offset - rest)
  })

  it.each([1, 7, 29, -1, Number.NaN, Number.POSITIVE_INFINITY])('gives undefined for %d', (offset) => {
    expect(memberPathAt(struct, offset)).toBeUndefined()
  })

  it('names elements of one byte, and none of those that have no size', () => {
    const b = new BtfBuilder()
    const char = b.int('char', 1)
    const none = b.struct('none', [])
    const text = b.struct(
      'text',
      [
        { name: 'comm', type: b.array(char, 16) },
        { name: 'empty', type: b.array(none, 4) },
        { name: 'rest', type: b.array(char, 0) },
      ],
      20,
    )
    const type = Btf.parse(b.build()).type(text)
    expect(memberPathAt(type, 3)).toMatchObject({ path: 'comm[3]', rest: 0 })
    expect(memberPathAt(type, 15)).toMatchObject({ path: 'comm[15]', rest: 0 })
  })

  it('ends in loops', () => {
    expect(memberPathAt(btf.type(selfStruct), 0)).toBeUndefined()
    expect(memberPathAt(btf.type(selfArray), 3)).toBeUndefined()
  })
})

describe('places at the edges', () => {
  const b = new BtfBuilder()
  const [u8, u32] = [b.int('u8', 1), b.int('u32', 4)]
  const late = b.struct('late', [{ name: 'x', type: u32, offset: 4 }])
  const bits = b.struct('bits', [
    { name: 'low', type: u32, bitOffset: 0, bitSize: 1 },
    { name: 'high', type: u32, bitOffset: 15, bitSize: 2 },
  ])
  const void0 = b.array(0, 4)
  const id = b.struct('it', [
    { name: 'late', type: late, offset: 0 },
    { name: 'one', type: b.array(u8, 1), offset: 8 },
    { name: 'bits', type: bits, offset: 12 },
    { name: 'nothing', type: void0, offset: 16 },
    { name: 'call', type: b.prototype(0), offset: 16 },
    { name: 'middle', type: b.array(u32, 0), offset: 20 },
    { name: 'after', type: u32, offset: 24 },
    { name: 'row', type: b.array(u32, 2), offset: 28 },
  ])
  const type = Btf.parse(b.build()).type(id)

  it.each<[number, string | undefined, number?]>([
    // Before the first member of a struct within it is that struct.
    [0, 'late', 0],
    [1, undefined],
    [4, 'late.x', 0],
    [8, 'one[0]', 0],
    [9, undefined],
    [12, 'bits.low', 0],
    // The second bit field begins in one byte and ends in the next but one.
    [13, 'bits.high', 0],
    [14, 'bits.high', 1],
    [15, undefined],
    [16, undefined],
    [20, undefined],
    [27, 'after', 3],
    [35, 'row[1]', 3],
    [36, undefined],
  ])('byte %i is in %s', (offset, path, rest) => {
    const found = memberPathAt(type, offset)
    if (path === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject({ path, rest })
  })

  it.each<[string, number | undefined]>([
    ['one[0]', 8],
    ['one[1]', undefined],
    ['nothing[0]', undefined],
    ['middle[0]', 20],
    ['middle[281474976710650]', 20 + 4 * 281474976710650],
    ['middle[281474976710651]', undefined],
    ['bits.high', 13],
  ])('%s is at %s', (path, offset) => {
    expect(memberAt(type, path)?.offset).toBe(offset)
  })
})
