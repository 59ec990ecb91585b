import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { alignOf, memberAt, memberPathAt, sizeOf, strip } from '../../src/btf/layout.js'
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

  it('are undefined for what has none', () => {
    expect(sizeOf(btf.type(0))).toBeUndefined()
    expect(alignOf(btf.type(0))).toBeUndefined()
    for (const id of [selfTypedef, selfArray, deepArray]) expect(sizeOf(btf.type(id))).toBeUndefined()
  })

  it('end in a struct that holds itself', () => {
    expect(alignOf(btf.type(selfStruct))).toBe(4)
    expect(btf.findStruct('self')?.member('x')?.offset).toBe(0)
    expect(btf.findStruct('self')?.member('y')).toBeUndefined()
  })
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
