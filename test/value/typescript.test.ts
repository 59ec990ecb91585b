import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { declareTypeScript, TypeScriptWriter } from '../../src/value/typescript.js'
import { BtfBuilder } from '../btf/builder.js'

const b = new BtfBuilder()
const int = b.int('int', 4, { signed: true })
const u64 = b.typedef('u64', b.int('long unsigned int', 8))
const char = b.int('char', 1, { signed: true })
const bool = b.int('_Bool', 1, { bool: true })
const other = b.struct('other', [{ name: 'x', type: int }])
const atomic = b.typedef('atomic_t', b.struct('', [{ name: 'counter', type: int }]))
b.struct('string', (self) => [
  { name: 'next', type: b.pointer(self) },
  { name: 'other', type: b.pointer(b.const(other)) },
  { name: 'comm', type: b.array(char, 16) },
  { name: 'count', type: u64 },
  { name: 'refs', type: atomic },
  { name: 'on', type: bool },
  { name: 'data', type: b.pointer(int) },
  { name: 'matrix', type: b.array(b.array(b.pointer(char), 2), 2) },
  {
    type: b.union('', [
      { name: 'low', type: int },
      { name: 'pair', type: b.struct('', [{ name: 'a', type: int }]) },
    ]),
  },
  { name: 'bit', type: int, bitOffset: 8000, bitSize: 3 },
  { name: 'color', type: b.enum('color', { RED: 0, "O'": 1 }) },
  { name: 'a*/b', type: int },
])
b.union('string', [{ name: 'x', type: int }])
const btf = Btf.parse(b.build())

describe('declareTypeScript', () => {
  const text = declareTypeScript(
    [...btf.types('struct'), ...btf.types('union')].filter((type) => type.name === 'string'),
  )

  it.each([
    "import type { Struct, TaskStruct, CpuMask, PointerTo, Pointer, List, FlexibleList, Enum, Opaque } from 'cryoscope'",
    /export interface string__\d+ extends Struct \{[^}]*next: Pointer<string__\d+>/,
    /export interface string__\d+ extends Struct \{\n {2}\/\*\* int, offset 0, 4 bytes \*\/\n {2}readonly x: number\n/,
    'readonly other: Pointer<other>\n',
    'readonly comm: string\n',
    'readonly count: bigint\n',
    'readonly refs: atomic_t\n',
    'readonly on: boolean\n',
    'readonly data: PointerTo<number>\n',
    'readonly matrix: List<List<PointerTo<number>>>\n',
    'readonly low: number\n',
    'readonly pair: Struct & {\n',
    'readonly color: color\n',
    "readonly 'a*/b': number\n",
    '/** int, bit 8000, 3 bits */',
    '/** u64, offset 32, 8 bytes */',
    "export interface other extends Struct {\n  readonly $type: 'struct other'\n}",
    "export type color = Enum<'RED' | 'O\\''>\n",
  ])('has %s', (part) => {
    if (part instanceof RegExp) expect(text).toMatch(part)
    else expect(text).toContain(part)
  })

  it('declares typedefs and enums', () => {
    const found = ['u64', 'atomic_t', 'color'].flatMap((name) => btf.findAll(name))
    const declared = declareTypeScript(found)
    expect(declared).toContain('export type u64 = bigint\n')
    expect(declared).toContain('export interface atomic_t extends Struct {\n')
    expect(declared).toContain("export type color = Enum<'RED'")
  })

  it('writes a whole file with an index of C names', () => {
    const file = new TypeScriptWriter(btf).file()
    const index = file.slice(file.indexOf('interface CTypes'))
    expect(index).toContain("  'struct other': other\n")
    expect(index).toContain("  'u64': bigint\n")
    expect(index).toContain("  'atomic_t': atomic_t\n")
    expect(index).toContain("  'enum color': color\n")
    expect(index).toMatch(/ {2}'struct string': string__\d+\n/)
    // One line for a name, and none for what C has no name for.
    expect(index.match(/'struct string'/g)).toHaveLength(1)
    expect(index).not.toMatch(/section|\.data|\.bss/)
    expect(file.match(/^export interface string__\d+ /gm)).toHaveLength(2)
  })
})

/** All of it, so that any other text is seen. */
describe('a whole file', () => {
  const b = new BtfBuilder()
  const u8 = b.int('unsigned char', 1)
  const u16 = b.int('unsigned short', 2)
  const u32 = b.int('unsigned int', 4)
  const u64 = b.int('unsigned long', 8)
  const u128 = b.int('unsigned __int128', 16)
  const bool = b.int('_Bool', 1, { bool: true })
  const char = b.int('char', 1, { signed: true })
  const float = b.float('double', 8)
  const word = b.typedef('word_t', u64)
  const mask = b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2) }])
  const state = b.enum('state', { IDLE: 0, BUSY: 1 })
  const inline = b.enum('', Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`N${n}`, n])))
  const long = b.enum('', Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`M${n}`, n])))
  const empty = b.enum('empty', {})
  const named = b.typedef('level_t', b.enum('', { LOW: 0, HIGH: 1 }))
  const list = b.typedef('list_t', b.const(b.struct('', [{ name: 'first', type: u32 }])))
  const call = b.typedef('call_t', b.pointer(b.prototype(0)))
  const secret = b.forward('secret')
  const union = b.union('number', [{ name: 'class', type: u32 }])
  b.struct('task_struct', (self) => [
    { name: 'u8', type: u8 },
    { name: 'u16', type: u16 },
    { name: 'u32', type: u32 },
    { name: 'u128', type: u128 },
    { name: 'wordy', type: word },
    { name: 'float', type: float },
    { name: 'state', type: state },
    { name: 'inline', type: inline },
    { name: 'long', type: long },
    { name: 'empty', type: empty },
    { name: 'level', type: named },
    { name: 'list', type: list },
    { name: 'call', type: call },
    { name: 'secret', type: secret, offset: 160 },
    { name: 'to_secret', type: b.pointer(secret), offset: 160 },
    { name: 'number', type: union },
    { name: 'mask', type: mask },
    { name: 'to_mask', type: b.pointer(b.const(mask)) },
    { name: 'self', type: b.pointer(self) },
    { name: 'percpu', type: b.pointer(b.typeTag('percpu', self)) },
    { name: 'kptr', type: b.pointer(b.typeTag('kptr', self)) },
    { name: 'to_pointer', type: b.pointer(b.pointer(self)) },
    { name: 'tail', type: b.array(u32, 0) },
    { name: 'toJSON', type: u32 },
    { name: 'toString', type: u32 },
    { name: '$mine', type: u32 },
    { name: '9lives', type: u32 },
    { name: 'one', type: u32, bitOffset: 4000, bitSize: 1 },
    { name: 'wide', type: u64, bitOffset: 4096, bitSize: 33 },
    { name: 'edge', type: u64, bitOffset: 4160, bitSize: 32 },
    { name: 'on', type: bool, bitOffset: 4224, bitSize: 1 },
    { name: 'mode', type: state, bitOffset: 4225, bitSize: 2 },
    { name: 'comm', type: b.array(char, 1), offset: 600 },
    {
      name: 'pair',
      type: b.struct('', [{ name: 'deep', type: b.struct('', [{ name: 'x', type: u8 }]) }]),
      offset: 601,
    },
  ])
  b.struct('with space', [{ name: 'x', type: u8 }])
  const counter = b.variable('counter', u64)
  b.section('.bss.hot', [{ type: counter, offset: 0, size: 8 }])
  b.section('cpumask', [{ type: counter, offset: 0, size: 8 }])
  const file = new TypeScriptWriter(Btf.parse(b.build())).file()
  const idOf = (name: string, kind: 'struct' | 'union' | 'section'): number =>
    Btf.parse(b.build()).find(name, kind)?.id ?? -1

  const members = (name: string): string[] => {
    const start = file.indexOf(`export interface ${name} extends`)
    expect(start, name).toBeGreaterThan(0)
    return file.slice(start, file.indexOf('\n}\n', start)).split('\n').slice(1)
  }

  it('has each member with its C type, place and size', () => {
    expect(members('task_struct')).toEqual(
      `
  /** unsigned char, offset 0, 1 byte */
  readonly u8: number
  /** unsigned short, offset 2, 2 bytes */
  readonly u16: number
  /** unsigned int, offset 4, 4 bytes */
  readonly u32: number
  /** unsigned __int128, offset 16, 16 bytes */
  readonly u128: bigint
  /** word_t, offset 32, 8 bytes */
  readonly wordy: bigint
  /** double, offset 40, 8 bytes */
  readonly float: number
  /** enum state, offset 48, 4 bytes */
  readonly state: state
  /** enum {…}, offset 52, 4 bytes */
  readonly inline: Enum<${Array.from({ length: 32 }, (_, n) => `'N${n}'`).join(' | ')}>
  /** enum {…}, offset 56, 4 bytes */
  readonly long: Enum<string>
  /** enum empty, offset 60, 4 bytes */
  readonly empty: empty
  /** level_t, offset 64, 4 bytes */
  readonly level: level_t
  /** list_t, offset 68, 4 bytes */
  readonly list: list_t
  /** call_t, offset 72, 8 bytes */
  readonly call: PointerTo<Opaque>
  /** struct secret, offset 160, 0 bytes */
  readonly secret: Opaque
  /** struct secret *, offset 160, 8 bytes */
  readonly to_secret: PointerTo<Struct>
  /** union number, offset 168, 4 bytes */
  readonly number: number__${idOf('number', 'union')}
  /** struct cpumask, offset 176, 16 bytes */
  readonly mask: cpumask
  /** const struct cpumask *, offset 192, 8 bytes */
  readonly to_mask: Pointer<cpumask>
  /** struct task_struct *, offset 200, 8 bytes */
  readonly self: Pointer<task_struct>
  /** struct task_struct *, offset 208, 8 bytes */
  readonly percpu: PointerTo<task_struct>
  /** struct task_struct *, offset 216, 8 bytes */
  readonly kptr: Pointer<task_struct>
  /** struct task_struct **, offset 224, 8 bytes */
  readonly to_pointer: PointerTo<Pointer<task_struct>>
  /** unsigned int[], offset 232, 0 bytes */
  readonly tail: FlexibleList<number>
  /** unsigned int, offset 244, 4 bytes */
  readonly '9lives': number
  /** unsigned int, bit 4000, 1 bit */
  readonly one: number
  /** unsigned long, bit 4096, 33 bits */
  readonly wide: bigint
  /** unsigned long, bit 4160, 32 bits */
  readonly edge: number
  /** _Bool, bit 4224, 1 bit */
  readonly on: boolean
  /** enum state, bit 4225, 2 bits */
  readonly mode: state
  /** char[1], offset 600, 1 byte */
  readonly comm: string
  /** struct {…}, offset 601, 1 byte */
  readonly pair: Struct & {
    /** struct {…}, offset 0, 1 byte */
    readonly deep: Struct & {
      /** unsigned char, offset 0, 1 byte */
      readonly x: number
    }
  }`
        .split('\n')
        .slice(1),
    )
  })

  it('has what structs, unions, enums and sections are', () => {
    for (const text of [
      '/** struct task_struct, 608 bytes */\nexport interface task_struct extends TaskStruct {\n',
      '/** struct cpumask, 16 bytes */\nexport interface cpumask extends CpuMask {\n',
      "/** enum state */\nexport type state = Enum<'IDLE' | 'BUSY'>\n",
      '/** enum empty */\nexport type empty = Enum<string>\n',
      "/** level_t */\nexport type level_t = Enum<'LOW' | 'HIGH'>\n",
      '/** list_t, 4 bytes */\nexport interface list_t extends Struct {\n',
      `export interface number__${idOf('number', 'union')} extends Struct {\n`,
      `export interface with_space__${idOf('with space', 'struct')} extends Struct {\n`,
      'export interface _bss_hot extends Struct {\n  /** unsigned long, offset 0, 8 bytes */\n  counter: bigint\n}\n',
      // A type has that name.
      `export interface cpumask__${idOf('cpumask', 'section')} extends Struct {\n`,
    ])
      expect(file).toContain(text)
  })

  it('leads from C names to what is declared', () => {
    const index = file.slice(file.indexOf('/** Types by their C names. */')).split('\n')
    expect(index).toEqual(
      `/** Types by their C names. */
export interface CTypes {
  'struct cpumask': cpumask
  'enum state': state
  'enum empty': empty
  'level_t': level_t
  'list_t': list_t
  'union number': number__${idOf('number', 'union')}
  'struct task_struct': task_struct
  'struct with space': with_space__${idOf('with space', 'struct')}
  'unsigned char': number
  'unsigned short': number
  'unsigned int': number
  'unsigned long': bigint
  'unsigned __int128': bigint
  '_Bool': boolean
  'char': number
  'word_t': bigint
}
`.split('\n'),
    )
  })
})

describe('types of other files', () => {
  const kernelBuilder = new BtfBuilder()
  const int = kernelBuilder.int('int', 4, { signed: true })
  kernelBuilder.struct('rq', [{ name: 'cpu', type: int }])
  kernelBuilder.enum('mode', { OFF: 0 })
  const kernel = Btf.parse(kernelBuilder.build())
  const rq = kernel.findStruct('rq')
  const mode = kernel.find('mode', 'enum')
  if (rq === undefined || mode === undefined) throw new Error('the types are there')

  it('are named by the prefix of their file, or by what they are', () => {
    const outside = new TypeScriptWriter(undefined, {
      prefixOf: (btf) => (btf === kernel ? 'vmlinux.' : undefined),
    })
    expect([rq, mode].map((type) => outside.reference(type))).toEqual(['vmlinux.rq', 'vmlinux.mode'])
    const blind = new TypeScriptWriter(undefined)
    expect([rq, mode].map((type) => blind.reference(type))).toEqual(['Struct', 'Enum<string>'])
    expect([...blind.declarable()]).toEqual([])
  })

  it('complete forward declarations, those of the same file first', () => {
    const b = new BtfBuilder()
    const pointer = b.pointer(b.forward('rq'))
    const own = b.pointer(b.forward('mine'))
    b.struct('mine', [])
    const btf = Btf.parse(b.build())
    const asked: string[] = []
    const writer = new TypeScriptWriter(btf, {
      prefixOf: () => 'vmlinux.',
      resolveForward: (type) => {
        asked.push(type.name)
        return rq
      },
    })
    expect(writer.reference(btf.type(pointer))).toBe('Pointer<vmlinux.rq>')
    expect(writer.reference(btf.type(own))).toBe('Pointer<mine>')
    expect(asked).toEqual(['rq'])
    expect(new TypeScriptWriter(btf).reference(btf.type(pointer))).toBe('PointerTo<Struct>')
  })
})

it('calls a struct without a name by the typedef next to it, through others and qualifiers', () => {
  const b = new BtfBuilder()
  const inner = b.typedef('inner_t', b.struct('', [{ name: 'first', type: b.int('int', 4) }]))
  const outer = b.typedef('outer_t', b.const(b.typedef('middle_t', b.volatile(inner))))
  const btf = Btf.parse(b.build())
  const writer = new TypeScriptWriter(btf)
  expect([inner, outer].map((id) => writer.reference(btf.type(id)))).toEqual(['inner_t', 'inner_t'])
})

describe('declarations end', () => {
  it('of arrays and pointers that never do', () => {
    const b = new BtfBuilder()
    let array = b.int('int', 4, { signed: true })
    const depths = Array.from({ length: 18 }, () => (array = b.array(array, 1)))
    const endless = b.pointer(b.nextId)
    const btf = Btf.parse(b.build())
    const nested = (depth: number): string =>
      new TypeScriptWriter(btf).reference(btf.type(depths[depth - 1] ?? 0))
    expect(nested(16)).toBe(`${'List<'.repeat(16)}number${'>'.repeat(16)}`)
    expect(nested(17)).toBe(`${'List<'.repeat(17)}Opaque${'>'.repeat(17)}`)
    expect(new TypeScriptWriter(btf).reference(btf.type(endless))).toMatch(/^(PointerTo<){17}Opaque>{17}$/)
  })

  it('of structs without a name that hold themselves many times over', () => {
    const b = new BtfBuilder()
    let inner = b.struct('', [{ name: 'x', type: b.int('int', 4) }])
    for (let n = 0; n < 14; n++) {
      const of = inner
      inner = b.struct('', [
        { name: 'a', type: of },
        { name: 'b', type: of },
      ])
    }
    const top = b.struct('top', [{ name: 'in', type: inner }])
    const btf = Btf.parse(b.build())
    const text = declareTypeScript([btf.type(top)])
    expect(text.match(/\/\*\* /g)).toHaveLength(1 + 8192)
  })
})

it('an import and nothing else is declared of no types, from any library', () => {
  expect(declareTypeScript([], '../src/index.js')).toBe(
    "import type { Struct, TaskStruct, CpuMask, PointerTo, Pointer, List, FlexibleList, Enum, Opaque } from '../src/index.js'\n",
  )
})
