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
