import { describe, expect, it, test } from 'vitest'
import { TypeShapes } from '../../../../src/bpf/cast/code/type-shapes.js'
import { codeOf, dataSection, makeTypes, op } from '../flow/support.js'

const types = makeTypes()
const { b, ints, pointer } = types
const tagged = (tag: string) => b.pointer(b.const(b.typeTag(tag, types.task)))
const made = {
  typedef: b.typedef('u64_t', b.const(ints.u64)),
  enum: b.enum('kind', { a: 1 }),
  boolean: b.int('bool8', 8, { bool: true }),
  char: b.int('char8', 8, { char: true }),
  user: tagged('user'),
  perCpu: tagged('percpu'),
  perCpuKptr: tagged('percpu_kptr'),
  arena: tagged('arena'),
  behind: b.pointer(pointer.user),
  function: b.pointer(b.prototype(ints.s32)),
  empty: b.array(b.struct('empty', []), 4),
  bits: b.struct('bits', [
    { name: 'a', type: ints.u32, bitOffset: 0, bitSize: 3 },
    { name: 'b', type: ints.u32, bitOffset: 3, bitSize: 14 },
    { name: 'c', type: ints.u64, bitOffset: 64 },
  ]),
  variable: b.variable('v', b.typedef('value_t', types.value)),
}
/** A pointer to a task that is const so many times, and in user space. */
const deep = (times: number) => {
  let at = b.typeTag('user', types.task)
  for (let n = 0; n < times; n++) at = b.const(at)
  return b.pointer(at)
}
const [asDeep, tooDeep] = [deep(31), deep(32)]
const many = b.struct(
  'many',
  Array.from({ length: 4098 }, (_, n) => ({ name: `m${n}`, type: ints.u8 })),
)
const section = b.section('.data', [{ type: made.variable, offset: 0, size: 112 }])
const unlisted = b.section('.rodata', [])
const data = [
  dataSection(section, '.data', [
    ['v', types.value, 0, 112],
    ['w', ints.u64, 112, 8],
  ]),
]
const { btf } = codeOf(types, [op.exit()])
const shapes = new TypeShapes(btf, data, new Set([types.inner]))
const anyArray = b.prototype(0)

describe('the shape of', () => {
  test.each([
    ['a word', ints.u64, { kind: 'word' }],
    ['a signed word', ints.s64, { kind: 'word' }],
    ['a word by another name', made.typedef, { kind: 'word' }],
    ['a small integer', ints.u32, { kind: 'scalar', size: 4 }],
    ['an integer of 16 bytes', ints.u128, { kind: 'scalar', size: 16 }],
    ['a boolean of 8 bytes', made.boolean, { kind: 'scalar', size: 8 }],
    ['an enum', made.enum, { kind: 'scalar', size: 4 }],
    ['a pointer', pointer.task, { kind: 'pointer', target: types.task, isForeign: false }],
    ['a pointer to anything', pointer.void, { kind: 'pointer', target: 0, isForeign: false }],
    ['a pointer to a function', made.function, { kind: 'pointer', target: 0, isForeign: false }],
    ['a pointer into user space', made.user, { kind: 'pointer', target: types.task, isForeign: true }],
    ['a pointer to per-CPU memory', made.perCpu, { kind: 'pointer', target: types.task, isForeign: true }],
    [
      'a pointer to a per-CPU object',
      made.perCpuKptr,
      { kind: 'pointer', target: types.task, isForeign: true },
    ],
    ['a pointer into the arena', made.arena, { kind: 'pointer', target: types.task, isForeign: false }],
    [
      'a pointer to a pointer into user space',
      made.behind,
      { kind: 'pointer', target: pointer.user, isForeign: false },
    ],
    ['an array', types.words, { kind: 'array', element: ints.u64, elementSize: 8, length: 4 }],
    ['an array of nothing', made.empty, { kind: 'scalar', size: 0 }],
    ['a forward declaration', types.forward, { kind: 'opaque' }],
    ['void', 0, { kind: 'scalar', size: 0 }],
    ['a prototype', anyArray, { kind: 'scalar', size: 0 }],
  ])('%s', (_, id, expected) => {
    expect(shapes.of(id)).toEqual(expected)
    expect(shapes.of(id)).toBe(shapes.of(id))
  })

  it('a struct has its members', () => {
    const shape = shapes.of(types.header)
    expect(shape).toMatchObject({ kind: 'struct', id: types.header, size: 8, isSection: false })
    expect(shape.kind === 'struct' && shape.parts).toEqual([
      { name: 'kind', offset: 0, size: 8, typeId: ints.u64, isBitfield: false, isOpen: false },
      expect.objectContaining({ name: 'rest', offset: 8, size: 0, isBitfield: false, isOpen: true }),
    ])
    const bits = shapes.of(made.bits)
    expect(
      bits.kind === 'struct' && bits.parts.map(({ offset, size, isBitfield }) => [offset, size, isBitfield]),
    ).toEqual([
      [0, 1, true],
      [0, 3, true],
      [8, 8, false],
    ])
    expect(shapes.of(types.either)).toMatchObject({ kind: 'struct', size: 16, parts: { length: 3 } })
  })

  it('is that of what is looked at: tags and members far beyond any real type are not', () => {
    const isForeign = (id: number) => {
      const shape = shapes.of(id)
      return shape.kind === 'pointer' && shape.isForeign
    }
    expect([asDeep, tooDeep].map(isForeign)).toEqual([true, false])
    const shape = shapes.of(many)
    expect(shape.kind === 'struct' && shape.parts.at(-1)).toMatchObject({ name: 'm4095', offset: 4095 })
  })

  it('a struct that is accessed by another layout has none', () => {
    expect(shapes.of(types.inner)).toMatchObject({ kind: 'struct', size: 16, parts: [] })
    expect(new TypeShapes(btf, []).of(types.inner)).toMatchObject({ parts: { length: 2 } })
  })

  it('a section has its variables', () => {
    const shape = shapes.of(section)
    expect(shape).toMatchObject({ kind: 'struct', id: section, size: 120, isSection: true })
    expect(shape.kind === 'struct' && shape.parts).toEqual([
      { name: 'v', offset: 0, size: 112, typeId: types.value, isBitfield: false, isOpen: false },
      { name: 'w', offset: 112, size: 8, typeId: ints.u64, isBitfield: false, isOpen: false },
    ])
    expect(shapes.of(unlisted)).toEqual({ kind: 'struct', id: unlisted, size: 0, parts: [], isSection: true })
  })
})

test('types are told by their ids without names and qualifiers', () => {
  const { typedef, variable, function: callback, enum: kind } = made
  expect([typedef, variable, types.value, kind].map((id) => shapes.bare(id))).toEqual([
    ints.u64,
    types.value,
    types.value,
    kind,
  ])
  expect([0, anyArray, 99_999].map((id) => shapes.bare(id))).toEqual([0, 0, 0])
  expect(shapes.bare(callback)).toBe(callback)
})
