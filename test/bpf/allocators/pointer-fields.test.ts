import { describe, expect, it } from 'vitest'
import { pointerFields, type Recovered } from '../../../src/bpf/allocators/pointer-fields.js'
import { Btf } from '../../../src/btf/btf.js'
import { syntheticPointer } from '../../../src/btf/inflate.js'
import { BtfBuilder } from '../../btf/builder.js'
import { integers } from '../../value/types.js'

function describeTypes() {
  const b = new BtfBuilder()
  const { u32, u64 } = integers(b)
  const target = b.struct('target', [{ name: 'x', type: u64 }])
  const to = b.pointer(target)
  const list = b.struct('list', (self) => [
    { name: 'next', type: b.pointer(self) },
    { name: 'anything', type: b.pointer(0) },
    { name: 'number', type: b.pointer(u64) },
    { name: 'later', type: b.pointer(b.forward('later')) },
  ])
  const row = b.struct('row', [
    { name: 'flags', type: u64 },
    { name: 'to', type: to },
  ])
  const ids = {
    to,
    list,
    all: b.struct('all', [
      { name: 'first', type: to },
      { name: 'rows', type: b.array(row, 3) },
      { name: 'table', type: b.array(b.array(to, 2), 2) },
      { name: 'plain', type: b.array(u64, 2) },
      {
        type: b.union('', [
          { name: 'word', type: u32 },
          { name: 'way', type: to },
        ]),
      },
      { name: 'in', type: b.struct('', [{ name: 'deep', type: b.const(to) }]) },
    ]),
    bits: b.struct('bits', [
      { name: 'few', type: u64, bitOffset: 0, bitSize: 5 },
      { name: 'whole', type: u64, offset: 8 },
      { name: 'half', type: u32, offset: 16 },
    ]),
    allocators: b.struct('allocators', [
      { name: 'pool', type: b.struct('scx_allocator', [{ name: 'root', type: to }]) },
      { name: 'own', type: to },
    ]),
    none: b.array(b.struct('none', []), 4),
    section: b.section('.bss', [
      { type: b.variable('here', to), offset: 8, size: 8 },
      { type: b.variable('word', u64), offset: 16, size: 8 },
    ]),
    many: b.array(to, 20_000),
    mixed: b.struct('mixed', [
      { name: 'all', type: b.array(to, 16_384) },
      { name: 'more', type: to },
    ]),
  }
  const nested = (depth: number): number => {
    let type = to
    for (let n = 0; n < depth; n++) type = b.struct(`n${depth}_${n}`, [{ name: 'm', type }])
    return type
  }
  const deep = { most: nested(15), more: nested(16) }
  return { types: Btf.parse(b.build()), ids: { ...ids, ...deep }, target }
}

const { types, ids, target } = describeTypes()
const fields = (id: number, recovered: Recovered = () => undefined) =>
  [...pointerFields(types.type(id), recovered).values()].map(
    ({ offset, path, target: to }) => `${offset} ${path} ${to.name}`,
  )

describe('pointers in a type', () => {
  it('are those to structs that are known', () => {
    expect(fields(ids.to)).toEqual(['0  target'])
    expect(fields(ids.list)).toEqual(['0 next list'])
  })

  it('are found in structs, unions and arrays, with their way there', () => {
    expect(fields(ids.all)).toEqual([
      '0 first target',
      '16 rows[0].to target',
      '32 rows[1].to target',
      '48 rows[2].to target',
      '56 table[0][0] target',
      '64 table[0][1] target',
      '72 table[1][0] target',
      '80 table[1][1] target',
      '104 way target',
      '112 in.deep target',
    ])
  })

  it('are found in sections, by variable', () => {
    expect(fields(ids.section)).toEqual(['8 here target'])
  })

  it('are not those of allocators themselves, nor in elements of no size', () => {
    expect(fields(ids.allocators)).toEqual(['8 own target'])
    expect(fields(ids.none)).toEqual([])
  })

  it('may be integers of 64 bits that are known to hold one', () => {
    const asked: string[] = []
    const recovered: Recovered = (type, offset) => {
      asked.push(`${type.name} ${offset}`)
      return syntheticPointer(types.type(target))
    }
    expect(fields(ids.bits, recovered)).toEqual(['8 whole target'])
    expect(fields(ids.section, recovered)).toEqual(['8 here target', '16 word target'])
    expect(asked).toEqual(['bits 8', '.bss 16'])
  })

  it('are looked for 16 levels deep, and 16384 of them', () => {
    expect(fields(ids.most)).toHaveLength(1)
    expect(fields(ids.more)).toEqual([])
    expect(fields(ids.many)).toHaveLength(16_384)
    expect(fields(ids.mixed)).toHaveLength(16_384)
    expect(fields(ids.mixed).at(-1)).toBe(`${16_383 * 8} all[16383] target`)
  })
})
