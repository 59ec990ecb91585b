import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { syntheticArray, syntheticPointer } from '../../src/btf/inflate.js'
import type { CType, EnumType, FunctionPrototype, SectionType, StructType } from '../../src/btf/types.js'
import { BtfBuilder, type MemberSpec } from './builder.js'

function made<T extends CType = CType>(make: (b: BtfBuilder) => number): T {
  const b = new BtfBuilder()
  const id = make(b)
  return Btf.parse(b.build()).type(id) as T
}

/** Of one kind, with the number of its elements. */
const info = (kind: number, vlen = 0, flag = false): number =>
  (((flag ? 0x80 : 0) | kind) * 0x1000000 + vlen) >>> 0

describe('integers', () => {
  it.each<[number, object]>([
    [0, { kind: 'unknown', reason: 'an integer of 0 bytes' }],
    [1, { kind: 'int', size: 1, bits: 8 }],
    [16, { kind: 'int', size: 16, bits: 128 }],
    [17, { kind: 'unknown', reason: 'an integer of 17 bytes' }],
  ])('have 1 to 16 bytes: %i', (size, right) => {
    expect(made((b) => b.int('it', size))).toMatchObject(right)
  })

  it.each<[string, number, object, object]>([
    ['it', 4, {}, { encoding: 'unsigned', signed: false }],
    ['it', 4, { signed: true }, { encoding: 'signed', signed: true }],
    ['it', 1, { char: true }, { encoding: 'char', signed: false }],
    ['it', 1, { signed: true, char: true }, { encoding: 'char', signed: true }],
    ['it', 1, { char: true, bool: true }, { encoding: 'bool', signed: false }],
    ['char', 1, {}, { encoding: 'char', signed: false }],
    ['char', 2, {}, { encoding: 'unsigned' }],
    ['it', 1, {}, { encoding: 'unsigned' }],
    ['it', 4, { bits: 3, bitOffset: 200 }, { bits: 3, bitOffset: 200 }],
  ])('%s of %i bytes, %j', (name, size, options, right) => {
    expect(made((b) => b.int(name, size, options))).toMatchObject({ kind: 'int', ...right })
  })
})

describe('enums', () => {
  const values = (kind: 6 | 19, flag: boolean, ...words: readonly number[]) => {
    const type = made<EnumType>((b) => {
      const name = b.string('A')
      const each = kind === 6 ? 1 : 2
      const elements = Array.from({ length: words.length / each }, (_, n) => [
        name,
        ...words.slice(n * each, (n + 1) * each),
      ])
      return b.raw(b.string('it'), info(kind, elements.length, flag), kind === 6 ? 4 : 8, ...elements.flat())
    })
    return type.values.map(({ value }) => value)
  }

  it('have values with a sign or without one', () => {
    expect(values(6, false, 1, 0xffffffff)).toEqual([1n, 0xffffffffn])
    expect(values(6, true, 1, 0xffffffff)).toEqual([1n, -1n])
    expect(values(19, false, 1, 2, 0xffffffff, 0xffffffff)).toEqual([0x2_0000_0001n, 2n ** 64n - 1n])
    expect(values(19, true, 1, 2, 0xfffffffe, 0xffffffff)).toEqual([0x2_0000_0001n, -2n])
  })

  it('have of two names for a value the first, and none twice', () => {
    const type = made<EnumType>((b) => b.enum('it', { A: 1, B: 1, C: 2 }))
    expect([1n, 2n, 3n].map((value) => type.nameOf(value))).toEqual(['A', 'C', undefined])
    expect(type.values).toBe(type.values)
    expect(['A', 'B', 'D'].map((name) => type.valueOf(name))).toEqual([1n, 1n, undefined])
    expect((type as object).valueOf()).toBe(type)
  })
})

describe('members that lie in structs without a name', () => {
  it('are found with their place in the outer one, the first of a name', () => {
    const type = made<StructType>((b) => {
      const u32 = b.int('u32', 4)
      const inner = b.struct('', [
        { name: 'x', type: u32 },
        { name: 'bit', type: u32, bitOffset: 35, bitSize: 2 },
      ])
      return b.struct('it', [
        { name: 'x', type: u32 },
        { type: inner },
        { name: 'named', type: b.struct('', [{ name: 'hidden', type: u32 }]) },
        { name: 'bit', type: u32 },
        { type: u32 },
      ])
    })
    expect(type.member('x')).toBe(type.members[0])
    expect(type.member('bit')).toMatchObject({ offset: 8, bitOffset: 67, bitSize: 2 })
    expect(type.member('hidden')).toBeUndefined()
    expect(type.member('')).toBeUndefined()
    expect(type.members).toBe(type.members)
  })

  const nested = (levels: number): StructType =>
    made((b) => {
      let type = b.struct('', [{ name: 'x', type: b.int('u32', 4) }])
      for (let n = 1; n < levels; n++) type = b.struct('', [{ type }])
      return b.struct('it', [{ type }])
    })

  it('are found 32 deep, and 8192 beside those of the struct', () => {
    expect(nested(32).member('x')).toBeDefined()
    expect(nested(33).member('x')).toBeUndefined()
    const wide = (length: number): StructType =>
      made((b) => {
        const u32 = b.int('u32', 4)
        const fill: MemberSpec = { name: 'fill', type: u32, offset: 0 }
        const inner = b.struct('', [...Array<MemberSpec>(length).fill(fill), { name: 'x', type: u32 }])
        return b.struct('it', [{ type: inner }, { name: 'y', type: u32 }])
      })
    // Two of its own, of which one comes before.
    expect(wide(8192).member('x')).toBeDefined()
    expect(wide(8191).member('y')).toBeDefined()
    expect(wide(8192).member('y')).toBeUndefined()
    expect(wide(8193).member('x')).toBeUndefined()
  })
})

describe('bitfields of compilers that gave them to the integer', () => {
  const field = (chain: (b: BtfBuilder, int: number) => number, options = {}): object | undefined =>
    made<StructType>((b) => {
      const type = chain(b, b.int('u32', 4, { bits: 3, bitOffset: 2, ...options }))
      return b.struct('it', [{ name: 'x', type, offset: 4 }])
    }).members[0]
  const isField = { bitOffset: 34, bitSize: 3 }
  const isNone = { bitOffset: 32, bitSize: 0 }

  it.each<[string, (b: BtfBuilder, int: number) => number, object]>([
    ['itself', (_, int) => int, isField],
    ['a typedef', (b, int) => b.typedef('t', int), isField],
    ['a constant', (b, int) => b.const(int), isField],
    ['a volatile', (b, int) => b.volatile(int), isField],
    ['a restrict', (b, int) => b.restrict(int), isField],
    ['a tag', (b, int) => b.typeTag('t', int), isField],
    ['a pointer', (b, int) => b.pointer(int), isNone],
    ['a type that is not there', () => 999, isNone],
    [
      '31 typedefs',
      (b, int) =>
        Array(31)
          .fill(0)
          .reduce((type: number) => b.typedef('t', type), int),
      isField,
    ],
    [
      '32 typedefs',
      (b, int) =>
        Array(32)
          .fill(0)
          .reduce((type: number) => b.typedef('t', type), int),
      isNone,
    ],
  ])('%s', (_, chain, right) => {
    expect(field(chain)).toMatchObject(right)
  })

  it('are none where the integer is whole, unless it is moved', () => {
    expect(field((_, int) => int, { bits: 32, bitOffset: 0 })).toMatchObject(isNone)
    expect(field((_, int) => int, { bits: 32, bitOffset: 1 })).toMatchObject({ bitOffset: 33, bitSize: 32 })
    expect(field((_, int) => int, { bits: 31, bitOffset: 0 })).toMatchObject({ bitOffset: 32, bitSize: 31 })
  })
})

describe('functions and variables', () => {
  const linkages = ['static', 'global', 'extern'] as const

  it('have a linkage', () => {
    for (const linkage of linkages) {
      expect(made((b) => b.function('f', b.prototype(0), linkage))).toMatchObject({ linkage })
      expect(made((b) => b.variable('v', b.int('u32', 4), linkage))).toMatchObject({ linkage })
    }
    expect(made((b) => b.raw(b.string('f'), info(12, 3), 0))).toMatchObject({ linkage: 'static' })
    expect(made((b) => b.raw(b.string('v'), info(14), 0, 3))).toMatchObject({ linkage: 'static' })
  })

  it.each<[string, readonly number[], readonly string[], boolean]>([
    ['none', [], [], false],
    ['one', [1, 1], ['a'], false],
    ['only dots', [0, 0], [], true],
    ['one and dots', [1, 1, 0, 0], ['a'], true],
    ['one without a name', [0, 1], [''], false],
    ['one of no type', [1, 0], ['a'], false],
    ['two', [1, 1, 1, 1], ['a', 'a'], false],
  ])('have parameters: %s', (_, words, names, variadic) => {
    const type = made<FunctionPrototype>((b) => {
      b.int('a', 4)
      return b.raw(0, info(13, words.length / 2), 1, ...words)
    })
    expect(type.parameters.map(({ name }) => name)).toEqual(names)
    expect(type.variadic).toBe(variadic)
    expect(type.result.name).toBe('a')
    expect(type.parameters).toBe(type.parameters)
  })

  it('are in sections: functions as variables of theirs', () => {
    const type = made<SectionType>((b) => {
      const call = b.function('call', b.prototype(0), 'extern')
      const count = b.variable('count', b.int('u32', 4))
      return b.section(
        '.ksyms',
        [
          { type: call, offset: 0, size: 4 },
          { type: count, offset: 8, size: 5 },
        ],
        16,
      )
    })
    expect(type.size).toBe(16)
    expect(type.variables).toMatchObject([
      {
        variable: { id: -1, name: 'call', linkage: 'extern', type: { kind: 'function' } },
        offset: 0,
        size: 4,
      },
      { variable: { kind: 'variable', name: 'count', linkage: 'global' }, offset: 8, size: 5 },
    ])
  })
})

describe('tags and forwards', () => {
  it('carry what their flag says', () => {
    for (const flag of [false, true]) {
      expect(made((b) => b.raw(b.string('t'), info(18, 0, flag), 0))).toMatchObject({
        kind: 'type_tag',
        component: -1,
        attribute: flag,
      })
      expect(made((b) => b.raw(b.string('t'), info(17, 0, flag), 0, 2))).toMatchObject({
        kind: 'decl_tag',
        component: 2,
        attribute: flag,
      })
    }
    expect(made((b) => b.forward('x', 'union'))).toMatchObject({ kind: 'forward', of: 'union' })
    expect(made((b) => b.forward('x'))).toMatchObject({ of: 'struct' })
  })
})

it('pointers and arrays that no file has are made of its types', () => {
  const target = made((b) => b.int('u32', 4))
  expect(syntheticPointer(target)).toMatchObject({ id: -1, name: '', kind: 'pointer', target })
  expect(syntheticArray(target, 3)).toMatchObject({ id: -1, kind: 'array', element: target, length: 3 })
})
