import { describe, expect, it, test } from 'vitest'
import type { Reference } from '../../../../src/bpf/cast/code/code.js'
import { ElfFile, isElf64 } from '../../../../src/bpf/cast/object/elf.js'
import { btfIdentity } from '../../../../src/bpf/cast/object/identity.js'
import { readObjectCode } from '../../../../src/bpf/cast/object/object-code.js'
import { encodeInstruction, type Instruction } from '../../../../src/bpf/programs/instruction.js'
import { Btf } from '../../../../src/btf/btf.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { type ElfObjectSpec, elfObject, relocations } from '../../../support/elf-object.js'
import { instruction } from '../../../support/program-objects.js'
import { integers } from '../../../value/types.js'
import { op } from '../flow/support.js'

describe.each([false, true])('an ELF file with bigEndian %s', (bigEndian) => {
  const spec: ElfObjectSpec = {
    bigEndian,
    sections: [
      { name: '.text', flags: 6, address: 0x1000, data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]) },
      { name: '.bss', type: 8, size: 4096 },
      {
        name: '.rel.text',
        type: 9,
        link: 5,
        info: 1,
        data: relocations(
          [
            [8, 2, 10],
            [2 ** 33, 1, 1],
          ],
          bigEndian,
        ),
      },
    ],
    symbols: [
      { name: 'one', section: 1, value: 8, size: 2 ** 33 + 1, type: 2 },
      { name: 'two', section: 0xfff2, value: 3, binding: 0, type: 1 },
    ],
  }
  const bytes = elfObject(spec)
  const file = ElfFile.parse(bytes, 'file')

  it('has sections', () => {
    expect(file.machine).toBe(247)
    expect(file.littleEndian).toBe(!bigEndian)
    expect(file.sections.map(({ name, index }) => [index, name])).toEqual([
      [0, ''],
      [1, '.text'],
      [2, '.bss'],
      [3, '.rel.text'],
      [4, '.symtab'],
      [5, '.strtab'],
    ])
    const text = file.section('.text')
    expect(text).toMatchObject({ type: 1, flags: 6, address: 0x1000, offset: 64, size: 9, link: 0, info: 0 })
    expect([...(text?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(file.section('.bss')).toMatchObject({ size: 4096, data: { length: 0 } })
    expect(file.section('.rel.text')).toMatchObject({ link: 5, info: 1 })
    expect(file.section('.data')).toBeUndefined()
  })

  it('has symbols and relocations', () => {
    expect(file.symbols).toEqual([
      { name: '', section: 0, value: 0, size: 0, type: 0, binding: 0 },
      { name: 'one', section: 1, value: 8, size: 2 ** 33 + 1, type: 2, binding: 1 },
      { name: 'two', section: 0xfff2, value: 3, size: 0, type: 1, binding: 0 },
    ])
    expect(file.symbols).toBe(file.symbols)
    const table = file.section('.rel.text')
    expect(table && file.relocations(table)).toEqual([
      { offset: 8, symbol: 2, type: 10 },
      { offset: 2 ** 33, symbol: 1, type: 1 },
    ])
    // With addends each takes 24 bytes: the second reaches beyond.
    expect(table && file.relocations({ ...table, type: 4 })).toHaveLength(1)
  })

  it('may count its sections in the first of them', () => {
    const many = Buffer.from(bytes)
    const view = new DataView(many.buffer, many.byteOffset, many.length)
    const table = Number(view.getBigUint64(40, !bigEndian))
    view.setUint16(60, 0, !bigEndian)
    view.setBigUint64(table + 32, 6n, !bigEndian)
    view.setUint16(62, 0xffff, !bigEndian)
    view.setUint32(table + 40, 5, !bigEndian)
    expect(ElfFile.parse(many, 'many').lacking).toBeUndefined()
    expect(ElfFile.parse(many, 'many').sections).toEqual(
      file.sections.map((section, n) =>
        n === 0 ? { ...section, size: 6, link: 5, data: expect.anything() } : section,
      ),
    )
  })

  it('is read as far as it goes', () => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const table = Number(view.getBigUint64(40, !bigEndian))
    expect(ElfFile.parse(bytes.subarray(0, table + 64 * 6), 'cut').sections).toHaveLength(6)
    expect(ElfFile.parse(bytes.subarray(0, table + 64 * 6 - 1), 'cut').sections).toHaveLength(5)
    expect(ElfFile.parse(bytes.subarray(0, table + 64), 'cut').sections).toHaveLength(1)
    expect(ElfFile.parse(bytes.subarray(0, table + 63), 'cut').sections).toEqual([])
    // Without its names, sections have none.
    expect(ElfFile.parse(bytes.subarray(0, table + 64 * 5), 'cut').sections.map(({ name }) => name)).toEqual(
      Array(5).fill(''),
    )
    const small = Buffer.from(bytes)
    new DataView(small.buffer, small.byteOffset).setUint16(58, 63, !bigEndian)
    expect(ElfFile.parse(small, 'small').sections).toEqual([])
    const lacking = [...[64 * 6, 64 * 5, 63].map((end) => bytes.subarray(0, table + end)), small].map(
      (each) => ElfFile.parse(each, 'cut').lacking,
    )
    expect(lacking).toEqual([undefined, ...Array(3).fill('its table of sections')])
  })
})

describe('the start of an ELF file', () => {
  const bytes = elfObject({ sections: [] })

  it('is told by its first six bytes and a whole header', () => {
    expect(isElf64(bytes, 0)).toBe(true)
    expect(isElf64(Buffer.concat([Buffer.alloc(3), bytes]), 3)).toBe(true)
    expect(isElf64(bytes.subarray(0, 64), 0)).toBe(true)
    expect(isElf64(bytes.subarray(0, 63), 0)).toBe(false)
    for (const n of [0, 1, 2, 3, 4, 5]) {
      const other = Buffer.from(bytes)
      other[n] = 9
      expect(isElf64(other, 0)).toBe(false)
    }
  })

  it('is asked for in a sentence', () => {
    expect(() => ElfFile.parse(Buffer.alloc(64), 'x')).toThrow(
      "x is no 64-bit ELF file; give a scheduler's executable or a compiled .bpf.o",
    )
  })
})

/** An object of one code section and data, with BTF. */
function object(
  code: readonly Instruction[],
  relocated: readonly (readonly [number, number, number])[] = [],
  more: { bigEndian?: boolean; cut?: number; type?: number } = {},
) {
  const { bigEndian = false } = more
  const b = new BtfBuilder()
  const { u64, s32 } = integers(b)
  const valueMap = b.struct('', [{ name: 'value', type: b.pointer(u64) }])
  const number = b.variable('number', u64)
  const late = b.variable('late', s32)
  const maps = [b.variable('first', valueMap), b.variable('second', valueMap)]
  b.section(
    '.maps',
    maps.map((type, n) => ({ type, offset: n * 8, size: 8 })),
  )
  b.section(
    '.data',
    [
      { type: number, offset: 16, size: 8 },
      { type: late, offset: 0, size: 0 },
    ],
    0,
  )
  b.section('license', [])
  b.section('.addr_space.1', [])
  b.variable('kernel_variable', u64, 'extern')
  b.function('kernel_function', b.prototype(s32), 'extern')
  const btf = b.build({ bigEndian })
  // Encoded for little-endian machines; fields of two and four bytes, and the registers, are the other way round.
  const instructions = Buffer.concat(code.map(encodeInstruction))
  if (bigEndian)
    for (let at = 0; at < instructions.length; at += 8) {
      instructions[at + 1] =
        ((instructions[at + 1] as number) >> 4) | (((instructions[at + 1] as number) & 15) << 4)
      instructions.subarray(at + 2, at + 4).swap16()
      instructions.subarray(at + 4, at + 8).swap32()
    }
  const bytes = elfObject({
    bigEndian,
    sections: [
      { name: '.text', flags: 6, data: instructions.subarray(0, instructions.length - (more.cut ?? 0)) },
      { name: '.rel.text', type: more.type ?? 9, info: 1, data: relocations(relocated, bigEndian) },
      { name: '.maps', data: new Uint8Array(16) },
      { name: '.data', data: Uint8Array.from([1, 2, 3, 4]) },
      { name: '.BTF', data: btf },
    ],
    symbols: [
      { name: 'f', section: 1, type: 2, value: 0 },
      { name: 'second', section: 3, type: 1, value: 8 },
      { name: '.data', section: 4, type: 3 },
      { name: 'kernel_function', section: 0 },
      { name: 'kernel_variable', section: 0 },
      { name: 'unknown', section: 0 },
      { name: '.text', section: 1, type: 3 },
      { name: 'absolute', section: 0xfff1, value: 5 },
      { name: 'late', section: 4, type: 1, value: 24 },
      { name: 'g', section: 1, type: 2, value: 16, binding: 0 },
    ],
  })
  return { bytes, ids: { valueMap, kernelVariable: u64, late: s32, number: u64 } }
}

describe('what an object refers to', () => {
  const wide = [op.loadImmediate(1), op.half()]

  test.each([
    ['a map', 2, 0, { kind: 'map', definition: 'valueMap' }],
    ['a map by its section', 2, -8, { kind: 'map', definition: 'valueMap' }],
    ['no map', 2, 4, { kind: 'map', definition: 0 }],
    ['data', 3, 16, { kind: 'section', section: 0, offset: 16 }],
    ['a variable of the kernel', 5, 0, { kind: 'variable', typeId: 'kernelVariable' }],
    ['what is not known', 6, 0, { kind: 'other' }],
    ['an absolute number', 8, 0, { kind: 'other' }],
    ['a function', 7, 16, { kind: 'function', index: 1 }],
    ['the middle of a function', 7, 8, { kind: 'other' }],
    ['no symbol', 99, 0, { kind: 'other' }],
  ] as const)('%s, in both byte orders', (_, symbol, immediate, expected) => {
    for (const bigEndian of [false, true]) {
      const { bytes, ids } = object(
        [op.loadImmediate(1, immediate), op.half(), op.set(0, 0), op.exit()],
        [[0, symbol, 1]],
        { bigEndian },
      )
      const { references } = readObjectCode(bytes, 'object')
      const named = Object.fromEntries(
        Object.entries(expected).map(([key, value]) => [key, ids[value as keyof typeof ids] ?? value]),
      )
      expect([...references]).toEqual([[0, named as unknown as Reference]])
    }
  })

  it('in calls of functions, of the kernel and of its own', () => {
    const call = (
      instructions: readonly Instruction[],
      relocated: readonly (readonly [number, number, number])[] = [],
      bigEndian = false,
    ) => {
      const { references, incomplete } = readObjectCode(
        object(instructions, relocated, { bigEndian }).bytes,
        'object',
      )
      return [[...references], incomplete]
    }
    const rest = [op.exit(), op.set(0, 0), op.exit()]
    const own = (immediate: number) => instruction(0x85, { source: 1, immediate })
    expect(call([own(1), ...rest])).toEqual([[[0, { kind: 'function', index: 1 }]], undefined])
    expect(call([own(1), ...rest], [], true)).toEqual([[[0, { kind: 'function', index: 1 }]], undefined])
    expect(call([own(-1), ...rest], [[0, 10, 10]])).toEqual([
      [[0, { kind: 'function', index: 1 }]],
      undefined,
    ])
    expect(call([own(1), ...rest], [[0, 7, 10]])).toEqual([[[0, { kind: 'function', index: 1 }]], undefined])
    const lost = 'the call at instruction 1 of section .text leads to no function'
    expect(call([op.set(0, 0), own(7), ...rest])).toEqual([[[1, { kind: 'other' }]], lost])
    expect(call([op.set(0, 0), own(1), ...rest], [[8, 3, 10]])).toEqual([[[1, { kind: 'other' }]], lost])
    expect(call([op.callKernel(), ...rest], [[0, 4, 10]])[0]).toEqual([
      [0, { kind: 'kernel function', name: 'kernel_function', typeId: expect.any(Number) }],
    ])
    expect(call([op.callKernel(), ...rest], [[0, 6, 10]])[0]).toEqual([
      [0, { kind: 'kernel function', name: 'unknown', typeId: 0 }],
    ])
    // A constant that looks like a call, a helper, and relocations that are none of these.
    expect(call([op.loadImmediate(1), own(7), ...rest])).toEqual([[], undefined])
    expect(call([op.helper(5), ...rest])).toEqual([[], undefined])
    expect(call([op.set(0, 0), ...rest], [[0, 3, 1]])).toEqual([[], undefined])
    expect(
      call(
        [...wide, ...rest],
        [
          [4, 3, 1],
          [400, 3, 1],
        ],
      ),
    ).toEqual([[], undefined])
  })

  it('in tables of relocations, with addends or without, and in no others', () => {
    const code = [...wide, op.set(0, 0), op.exit()]
    const kinds = (type: number) => [
      ...readObjectCode(object(code, [[0, 3, 1]], { type }).bytes, 'object').references.keys(),
    ]
    expect(kinds(9)).toEqual([0])
    expect(kinds(1)).toEqual([])
  })
})

describe('an object', () => {
  const code = [op.set(0, 0), op.exit(), op.set(0, 1), op.exit()]

  it('has functions, data and instructions', () => {
    const { bytes, ids } = object(code)
    const { functions, data, sections, incomplete, instructions } = readObjectCode(bytes, 'object')
    expect(functions.map(({ name, start, end, binding }) => [name, start, end, binding])).toEqual([
      ['f', 0, 2, 'global'],
      ['g', 2, 4, 'static'],
    ])
    expect(data.map(({ name, isArena }) => [name, isArena])).toEqual([
      ['.data', false],
      ['.addr_space.1', true],
    ])
    // What BTF has no offset for yet has one in its symbol.
    expect(data[0]?.variables).toEqual([
      { name: 'number', typeId: ids.number, offset: 16, size: 8 },
      { name: 'late', typeId: ids.late, offset: 24, size: 4 },
    ])
    expect([...(data[0]?.initial ?? [])]).toEqual([1, 2, 3, 4])
    expect(data[1]?.initial).toHaveLength(0)
    expect(sections).toEqual([{ name: '.text', start: 0, lines: undefined }])
    expect(instructions).toHaveLength(32)
    expect(incomplete).toBeUndefined()
  })

  it('proves nothing where its end is cut off: relocations may be missing', () => {
    const { bytes } = object(code)
    const lacks = (end: number) => readObjectCode(bytes.subarray(0, end), 'object').incomplete
    expect(lacks(bytes.length)).toBeUndefined()
    // BTF and all names are there, the last header is not.
    const reordered = Buffer.from(bytes)
    const view = new DataView(reordered.buffer, reordered.byteOffset)
    const table = Number(view.getBigUint64(40, true))
    view.setUint16(60, 9, true)
    expect(readObjectCode(reordered, 'object').incomplete).toBe('its table of sections is cut off')
    view.setUint16(60, 8, true)
    // The relocations say that they have more than there is.
    view.setBigUint64(table + 2 * 64 + 32, BigInt(bytes.length), true)
    expect(readObjectCode(reordered, 'object').incomplete).toBe('section .rel.text is cut off')
  })

  it('is not whole where instructions are missing', () => {
    const { incomplete, functions } = readObjectCode(object(code, [], { cut: 4 }).bytes, 'object')
    expect(incomplete).toBe('section .text holds no whole number of instructions')
    expect(functions).toEqual([])
  })
})

test('types are told by structs, unions and functions with their ids', () => {
  const identity = (change: (b: BtfBuilder, u64: number, u32: number) => void): string => {
    const b = new BtfBuilder()
    const { u64, u32 } = integers(b)
    change(b, u64, u32)
    return btfIdentity(Btf.parse(b.build()))
  }
  const struct = (name: string, member: string, type = 0, bitSize?: number) =>
    identity((b, u64, u32) =>
      b.struct(
        name,
        [
          {
            name: member,
            type: type === 0 ? u64 : u32,
            ...(bitSize === undefined ? {} : { bitSize, bitOffset: 0 }),
          },
        ],
        8,
      ),
    )
  const all = [
    struct('a', 'x'),
    struct('b', 'x'),
    struct('a', 'y'),
    struct('a', 'x', 1, 3),
    identity((b, u64) => b.union('a', [{ name: 'x', type: u64 }])),
    identity((b, u64) => b.struct('a', [{ name: 'x', type: u64 }], 16)),
    identity((b, u64) => b.struct('a', [{ name: 'x', type: u64, offset: 8 }], 8)),
    identity((b, _, u32) => b.function('a', b.prototype(u32))),
    identity((b, _, u32) => b.function('b', b.prototype(u32))),
    identity(() => undefined),
  ]
  expect(new Set(all).size).toBe(all.length)
  // Linkage and sections are what libbpf changes.
  expect(identity((b, _, u32) => b.function('a', b.prototype(u32), 'global'))).toBe(all[7])
  expect(
    identity((b, u64) => {
      b.variable('v', u64)
    }),
  ).toBe(all[9])
})
