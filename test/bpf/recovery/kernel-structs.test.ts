import { describe, expect, it, test } from 'vitest'
import { flavorless, isSameStruct, kernelStructs } from '../../../src/bpf/recovery/kernel-structs.js'
import { Btf } from '../../../src/btf/btf.js'
import type { StructType } from '../../../src/btf/types.js'
import { BtfBuilder, type MemberSpec } from '../../btf/builder.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { type Integers, integers } from '../../value/types.js'

type Make = (b: BtfBuilder, types: Integers) => readonly MemberSpec[]

function struct(make: Make, { union = false, size }: { union?: boolean; size?: number } = {}): StructType {
  const b = new BtfBuilder()
  const members = make(b, integers(b))
  const id = union ? b.union('s', members, size) : b.struct('s', members, size)
  return Btf.parse(b.build()).type(id) as StructType
}

/** Whether structs of those members are laid out alike, both ways round. */
function same(a: Make, b: Make): boolean {
  const [x, y] = [struct(a), struct(b)]
  expect(isSameStruct(y, x)).toBe(isSameStruct(x, y))
  expect(isSameStruct(x, x)).toBe(true)
  return isSameStruct(x, y)
}

const member =
  (type: (b: BtfBuilder, types: Integers) => number, name = 'm'): Make =>
  (b, types) => [{ name, type: type(b, types) }]
const inner = (b: BtfBuilder, name: string, type: number): number => b.struct(name, [{ name: 'x', type }])

describe('structs are laid out alike', () => {
  const u64 = member((_, { u64 }) => u64)

  test.each<[string, Make, Make, boolean]>([
    ['with the same members', u64, u64, true],
    ['with members of other names', u64, member((_, { u64 }) => u64, 'n'), false],
    [
      'with one more',
      u64,
      (_, { u64 }) => [
        { name: 'm', type: u64 },
        { name: 'n', type: u64 },
      ],
      false,
    ],
    [
      'with members of another size',
      (_, { u32 }) => [
        { name: 'm', type: u32 },
        { name: 'n', type: u32, offset: 4 },
      ],
      (_, { u32, u16 }) => [
        { name: 'm', type: u16 },
        { name: 'n', type: u32, offset: 4 },
      ],
      false,
    ],
    [
      'with members elsewhere',
      (_, { u16 }) => [
        { name: 'm', type: u16 },
        { name: 'n', type: u16, offset: 4 },
      ],
      (_, { u16 }) => [
        { name: 'm', type: u16, offset: 2 },
        { name: 'n', type: u16, offset: 4 },
      ],
      false,
    ],
    [
      'with bit fields of other sizes',
      (_, { u32 }) => [{ name: 'm', type: u32, bitOffset: 0, bitSize: 3 }],
      (_, { u32 }) => [{ name: 'm', type: u32, bitOffset: 0, bitSize: 4 }],
      false,
    ],
    ['with signed and unsigned members', u64, member((_, { s64 }) => s64), true],
    ['with an integer and a pointer', u64, member((b) => b.pointer(0)), false],
    [
      'with pointers to integers',
      member((b, { u64 }) => b.pointer(u64)),
      member((b, { u32 }) => b.pointer(u32)),
      true,
    ],
    [
      'with pointers to an integer and to anything',
      member((b, { u64 }) => b.pointer(u64)),
      member((b) => b.pointer(0)),
      false,
    ],
    [
      'with pointers to structs of one name',
      member((b, { u64 }) => b.pointer(inner(b, 'a', u64))),
      member((b) => b.pointer(b.forward('a'))),
      true,
    ],
    [
      'with pointers to structs of two names',
      member((b, { u64 }) => b.pointer(inner(b, 'a', u64))),
      member((b) => b.pointer(b.forward('b'))),
      false,
    ],
    [
      'with a pointer to a struct and one to an integer',
      member((b) => b.pointer(b.forward('a'))),
      member((b, { u64 }) => b.pointer(u64)),
      false,
    ],
    ['with arrays', member((b, { u32 }) => b.array(u32, 2)), member((b, { s32 }) => b.array(s32, 2)), true],
    [
      'with arrays of other lengths',
      member((b, { u32 }) => b.array(u32, 2)),
      member((b, { u16 }) => b.array(u16, 4)),
      false,
    ],
    [
      'with arrays of other elements',
      member((b, { u32 }) => b.array(b.pointer(u32), 1)),
      member((b, { u64 }) => b.array(u64, 1)),
      false,
    ],
    [
      'with named structs, whatever is in them',
      member((b, { u64 }) => inner(b, 'a', u64)),
      member((b, { s64 }) => b.struct('a', [{ name: 'y', type: s64 }])),
      true,
    ],
    [
      'with named structs of another size',
      member((b, { u64 }) => inner(b, 'a', u64)),
      member((b, { u32 }) => b.struct('a', [{ name: 'x', type: u32 }], 8)),
      true,
    ],
    [
      'with named structs of other names',
      member((b, { u64 }) => inner(b, 'a', u64)),
      member((b, { u64 }) => inner(b, 'b', u64)),
      false,
    ],
    [
      'with a named struct and a union',
      member((b, { u64 }) => inner(b, 'a', u64)),
      member((b, { u64 }) => b.union('a', [{ name: 'x', type: u64 }])),
      false,
    ],
    [
      'with structs without names',
      member((b, { u64 }) => inner(b, '', u64)),
      member((b, { s64 }) => inner(b, '', s64)),
      true,
    ],
    [
      'with other structs without names',
      member((b, { u64 }) => inner(b, '', u64)),
      member((b, { u64 }) => b.struct('', [{ name: 'y', type: u64 }])),
      false,
    ],
    [
      'with a struct that has a name and one that has none',
      member((b, { u64 }) => inner(b, 'a', u64)),
      member((b, { u64 }) => inner(b, '', u64)),
      false,
    ],
    ['with a struct and an integer', member((b, { u64 }) => inner(b, 'a', u64)), u64, false],
  ])('%s', (_, a, b, expected) => {
    expect(same(a, b)).toBe(expected)
  })

  it('with another kind or size are not', () => {
    expect(isSameStruct(struct(u64), struct(u64, { union: true }))).toBe(false)
    expect(isSameStruct(struct(u64), struct(u64, { size: 16 }))).toBe(false)
  })

  it('nested without names as far as one looks', () => {
    const nested =
      (depth: number): Make =>
      (b, { u64 }) => {
        let type = u64
        for (let n = 0; n < depth; n++) type = inner(b, '', type)
        return [{ name: 'm', type }]
      }
    expect(same(nested(7), nested(7))).toBe(true)
    const [x, y] = [struct(nested(20)), struct(nested(20))]
    expect(isSameStruct(x, y)).toBe(false)
  })
})

test('names of local versions are those of the structs that they are of', () => {
  expect(['a', 'a___b', 'a___b___c', '___a', ''].map(flavorless)).toEqual(['a', 'a', 'a', '___a', ''])
})

test('the structs of the kernel are told by their names, and those that differ by their members', () => {
  const b = new BtfBuilder()
  const { u64 } = integers(b)
  const ids = {
    different: b.struct('task_struct', [{ name: 'pid', type: u64 }]),
    flavor: b.struct('task_struct___old', [{ name: 'pid', type: u64 }]),
    own: b.struct('my_ctx', [{ name: 'pid', type: u64 }]),
    union: b.union('task_struct', [{ name: 'pid', type: u64 }]),
    unnamed: b.struct('', [{ name: 'pid', type: u64 }]),
  }
  const found = kernelStructs(new KernelGuest().kernel(), Btf.parse(b.build()))
  expect(found.all).toEqual(new Set([ids.different, ids.flavor]))
  expect(found.different).toEqual(new Set([ids.different, ids.flavor]))
})
