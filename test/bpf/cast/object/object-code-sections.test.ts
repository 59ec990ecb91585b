import { describe, expect, it } from 'vitest'
import { readObjectCode } from '../../../../src/bpf/cast/object/object-code.js'
import { encodeInstruction, type Instruction } from '../../../../src/bpf/programs/instruction.js'
import { BtfBuilder } from '../../../btf/builder.js'
import { elfObject, relocations, type SectionSpec } from '../../../support/elf-object.js'
import { instruction } from '../../../support/program-objects.js'
import { integers } from '../../../value/types.js'
import { op } from '../flow/support.js'

const b = new BtfBuilder()
const { u64 } = integers(b)
const struct = b.struct('task', [{ name: 'x', type: u64 }])
const prototype = b.prototype(0)
const [f, g, h, entry] = ['f', 'g', 'h', 'entry'].map((name) => b.function(name, prototype)) as [
  number,
  number,
  number,
  number,
]
const text = b.string('.text')
const programs = b.string('tc')
const btf = b.build()

/** What .BTF.ext says of functions and relocations: section, byte offset, type and, of relocations, kind. */
function extension(functions: readonly number[][], core: readonly number[][]): Uint8Array {
  const table = (size: number, records: readonly number[][]) => [
    size,
    ...records.flatMap(([section = 0, ...record]) => [section, 1, ...record]),
  ]
  const tables = [
    table(8, functions),
    table(16, []),
    table(
      16,
      core.map(([section = 0, offset = 0, typeId = 0, kind = 0]) => [section, offset, typeId, 0, kind]),
    ),
  ]
  const places = tables.flatMap((own, n) => [
    tables.slice(0, n).reduce((sum, { length }) => sum + length * 4, 0),
    own.length * 4,
  ])
  return new Uint8Array(Uint32Array.from([0x0001eb9f, 32, ...places, ...tables.flat()]).buffer)
}

const code = (...instructions: Instruction[]) => Buffer.concat(instructions.map(encodeInstruction))
const nop = op.move(6, 6)

interface Parts {
  readonly text?: Buffer
  readonly programs?: Buffer
  readonly functions?: readonly number[][]
  readonly core?: readonly number[][]
  readonly calls?: readonly (readonly [offset: number, symbol: number, type: number])[]
  readonly more?: readonly SectionSpec[]
}

/** Four instructions of subprograms, and three of a program. */
function read({
  text: subprograms = code(nop, op.exit(), nop, op.exit()),
  programs: own = code(nop, nop, op.exit()),
  functions = [],
  core = [],
  calls = [],
  more = [],
}: Parts = {}) {
  const bytes = elfObject({
    sections: [
      { name: '.text', flags: 6, data: subprograms },
      { name: 'nothing', flags: 6, data: Buffer.alloc(0) },
      { name: 'tc', flags: 6, data: own },
      { name: '.rodata', flags: 2, data: code(op.exit()) },
      { name: '.BTF', data: btf },
      { name: '.BTF.ext', data: extension(functions, core) },
      { name: '.reltc', type: 9, info: 3, data: relocations(calls) },
      ...more,
    ],
    symbols: [
      { name: 'f', section: 1, type: 2, value: 0 },
      { name: 'g.isra.0', section: 1, type: 2, value: 16, binding: 0 },
      { name: 'entry', section: 3, type: 2, value: 0 },
      { name: 'odd', section: 3, type: 2, value: 12 },
      { name: 'beyond', section: 3, type: 2, value: 24 },
      { name: 'label', section: 3, type: 0, value: 8 },
      { name: 'second', section: 1, type: 2, value: 0 },
    ],
  })
  return readObjectCode(bytes, 'object')
}

const told = (parts?: Parts) =>
  read(parts).functions.map(({ name, start, end, binding, typeId }) => [name, start, end, binding, typeId])

describe('the functions of an object', () => {
  it('lie in sections of code, one after the other, and begin where symbols say', () => {
    expect(told()).toEqual([
      ['second', 0, 2, 'global', undefined],
      ['g.isra.0', 2, 4, 'static', undefined],
      ['entry', 4, 7, 'entry', undefined],
    ])
    const { instructions, sections } = read()
    expect(instructions).toHaveLength(7 * 8)
    expect(sections.map(({ name, start }) => [name, start])).toEqual([
      ['.text', 0],
      ['nothing', 4],
      ['tc', 4],
    ])
  })

  it('have the types that are told of their starts, unless the compiler has made another of them', () => {
    const functions = [
      [text, 0, f],
      [text, 16, g],
      [programs, 0, entry],
      [programs, 8, h],
      // No start of an instruction, beyond the end, and no function.
      [programs, 12, h],
      [programs, 24, h],
      [programs, 16, struct],
    ]
    expect(told({ functions })).toEqual([
      ['second', 0, 2, 'global', undefined],
      ['g.isra.0', 2, 4, 'static', undefined],
      ['entry', 4, 5, 'entry', entry],
      ['h', 5, 6, 'static', h],
      ['task', 6, 7, 'static', undefined],
    ])
  })

  it('are found without symbols, and named by their section where nothing else says', () => {
    const more = [{ name: 'xdp', flags: 6, data: code(nop, op.exit()) }]
    expect(told({ more }).at(-1)).toEqual(['xdp', 7, 9, 'static', undefined])
  })

  it('may be a single instruction', () => {
    expect(told({ programs: code(op.exit()) }).at(-1)).toEqual(['entry', 4, 5, 'entry', undefined])
  })

  it('are callbacks where their address is taken, and not where they are called', () => {
    const isCallback = (...instructions: Instruction[]) =>
      read({ programs: code(...instructions, op.exit()), calls: [[0, 1, 1]] }).functions.map(
        (one) => one.isCallback,
      )
    expect(isCallback(op.loadImmediate(2), op.half())).toEqual([true, false, false])
    expect(isCallback(instruction(0x85, { source: 1, immediate: -1 }), nop)).toEqual([false, false, false])
  })
})

describe('a call that leads nowhere', () => {
  it('is told by its place in its section', () => {
    const call = instruction(0x85, { source: 1, immediate: 7 })
    expect(read({ programs: code(nop, call, op.exit()) }).incomplete).toBe(
      'the call at instruction 1 of section tc leads to no function',
    )
    expect(read().incomplete).toBeUndefined()
  })
})

describe('relocations of types', () => {
  it('are facts of instructions, wherever these lie', () => {
    const core = [
      [text, 8, struct, 0],
      [programs, 16, struct, 6],
      // The middle of an instruction, and beyond the end.
      [programs, 4, struct, 0],
      [programs, 24, struct, 0],
    ]
    expect([...read({ core }).core]).toEqual([
      [1, { typeId: struct, kind: 0 }],
      [6, { typeId: struct, kind: 6 }],
    ])
  })
})
