import { describe, expect, test } from 'vitest'
import type { SectionType, StructType } from '../../src/btf/types.js'
import { fieldsOf } from '../../src/value/fields.js'
import type { BtfBuilder } from '../btf/builder.js'
import { build, type Integers } from './types.js'

const fields = (make: (b: BtfBuilder, types: Integers) => number) =>
  fieldsOf(build(make) as StructType | SectionType)

const places = (make: (b: BtfBuilder, types: Integers) => number): unknown =>
  fields(make).list.map(({ name, offset, distance, shift, width, size, home }) => {
    expect(distance).toBe(BigInt(offset))
    return [name, offset, shift, width, size, home.type.name, home.offset]
  })

describe('members', () => {
  test('are those of the struct, and of structs without a name in it, at their places', () => {
    expect(
      places((b, { u8, u32 }) =>
        b.struct('outer', [
          { name: 'a', type: u8 },
          {
            type: b.union('', [
              { name: 'b', type: u32 },
              {
                type: b.const(
                  b.struct('', [
                    { name: 'c', type: u8 },
                    { name: 'd', type: u8 },
                  ]),
                ),
              },
            ]),
          },
          { name: 'b', type: u8 },
          // No struct, and no name: padding.
          { type: u32 },
          { name: 'e', type: u8 },
        ]),
      ),
    ).toEqual([
      ['a', 0, 0, 0, 1, 'outer', 0],
      ['b', 4, 0, 0, 4, '', 0],
      ['c', 4, 0, 0, 1, '', 0],
      ['d', 5, 0, 0, 1, '', 1],
      ['e', 16, 0, 0, 1, 'outer', 16],
    ])
  })

  test('can be bits, which take the bytes that they touch', () => {
    expect(
      places((b, { u32, u64 }) =>
        b.struct('bits', [
          { name: 'first', type: u32, bitOffset: 0, bitSize: 3 },
          { name: 'across', type: u32, bitOffset: 6, bitSize: 10 },
          { name: 'odd', type: u64, bitOffset: 63, bitSize: 10 },
          // All bits of its type, at the start of a byte: no bitfield.
          { name: 'whole', type: u32, bitOffset: 96, bitSize: 32 },
          { name: 'moved', type: u32, bitOffset: 129, bitSize: 32 },
        ]),
      ),
    ).toEqual([
      ['first', 0, 0, 3, 1, 'bits', 0],
      ['across', 0, 6, 10, 2, 'bits', 0],
      ['odd', 7, 7, 10, 3, 'bits', 7],
      ['whole', 12, 0, 0, 4, 'bits', 12],
      ['moved', 16, 1, 32, 5, 'bits', 16],
    ])
  })

  test('can be variables of a section', () => {
    expect(
      places((b, { u8, u64 }) =>
        b.section('.data', [
          { type: b.variable('first', u8), offset: 3, size: 1 },
          { type: b.variable('second', u64), offset: 8, size: 8 },
        ]),
      ),
    ).toEqual([
      ['first', 3, 0, 0, 1, '.data', 3],
      ['second', 8, 0, 0, 8, '.data', 8],
    ])
  })

  test.each<[string, (types: Integers, b: BtfBuilder) => number, number, number]>([
    ['starts inside a byte, but is no bitfield', ({ u8 }) => u8, 3, 0],
    ['a bitfield of 3 bits cannot hold this type', (_, b) => b.float('double', 8), 0, 3],
    ['a bitfield of 33 bits does not fit in its type', ({ u32 }) => u32, 0, 33],
  ])('that no compiler makes are bytes: %s', (why, type, bitOffset, bitSize) => {
    const [field] = fields((b, types) =>
      b.struct('odd', [{ name: 'x', type: type(types, b), bitOffset, bitSize }], 16),
    ).list
    expect(field).toMatchObject({ width: 0, shape: { kind: 'opaque', reason: why } })
  })

  test('are found by name, whatever JavaScript thinks of it', () => {
    const found = fields((b, { u8 }) => b.struct('odd', [{ name: '__proto__', type: u8 }]))
    expect(found.names).toEqual(['__proto__'])
    expect(found.get('__proto__')?.size).toBe(1)
    expect(found.get('toString')).toBeUndefined()
    expect(found.problem).toBeUndefined()
  })
})

describe('structs without a name', () => {
  const nested =
    (depth: number) =>
    (b: BtfBuilder, { u8 }: Integers) => {
      let type = b.struct('', [{ name: 'x', type: u8 }])
      for (let n = 2; n < depth; n++) type = b.struct('', [{ type }])
      return b.struct('outer', [{ type }, { name: 'last', type: u8 }])
    }

  test('are looked into 32 deep', () => {
    expect(fields(nested(32))).toMatchObject({ names: ['x', 'last'], problem: undefined })
    expect(fields(nested(33))).toMatchObject({
      names: ['last'],
      problem: 'struct outer holds itself, or more than 131072 members',
    })
  })

  test('are given up where they hold more members than there can be', () => {
    const many = (b: BtfBuilder, { u8 }: Integers): number => {
      let type = b.struct('', [{ name: 'x', type: u8 }])
      for (let n = 0; n < 11; n++) {
        const of = type
        type = b.struct(
          '',
          Array.from({ length: 4 }, () => ({ type: of })),
        )
      }
      return b.struct('outer', [{ name: 'first', type: u8 }, { type }, { name: 'last', type: u8 }])
    }
    expect(fields(many)).toMatchObject({
      names: ['first', 'x'],
      problem: expect.stringContaining('holds itself'),
    })
  })
})
