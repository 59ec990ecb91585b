import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { readExtension } from '../../src/btf/ext.js'
import { Problems } from '../../src/problems.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const init = b.function('init', b.prototype(0))
const exit = b.function('exit', b.prototype(0))
const struct = b.struct('task', [], 8)
const section = b.string('struct_ops/init')
const other = b.string('tp/switch')
const file = b.string('scx_demo.bpf.c')
const source = b.string('  return 0;')
const btf = Btf.parse(b.build())

interface Sizes {
  readonly functions?: number
  readonly lines?: number
  readonly core?: number
  readonly header?: number
}

/** Header, then a table of functions, one of lines and one of relocations, with records of any size. */
function ext({ functions = 8, lines = 16, core = 16, header = 32 }: Sizes = {}): number[] {
  const tables = [
    [
      functions,
      ...[section, 2, ...record([0, init], functions), ...record([64, exit], functions)],
      ...[other, 1, ...record([0, exit], functions)],
    ],
    [
      lines,
      // Compilers write them in order; a section that comes twice goes on.
      ...[section, 2, ...record([64, file, source, (43 << 10) | 9], lines)],
      ...record([8, file, source, (42 << 10) | 7], lines),
      ...[other, 1, ...record([0, file, source, (1 << 10) | 1], lines)],
      ...[section, 1, ...record([128, file, 0, (99 << 10) | 1023], lines)],
    ],
    [core, section, 1, ...record([16, struct, 0, 6], core)],
  ]
  const starts: number[] = []
  let at = 0
  for (const { length } of tables) {
    starts.push(at)
    at += length * 4
  }
  const places = tables.flatMap(({ length }, n) => [starts[n] as number, length * 4])
  const words = [0x0001eb9f, header, ...places]
  return [...words, ...Array<number>(Math.max(0, header / 4 - words.length)).fill(0), ...tables.flat()]
}

const record = (words: readonly number[], size: number): number[] => [
  ...words,
  ...Array<number>(Math.max(0, size / 4 - words.length)).fill(99),
]

const bytesOf = (words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer)

function read(bytes: Uint8Array) {
  const problems = new Problems()
  const { functions, lines, core } = readExtension(bytes, btf, problems)
  const plain = <T>(map: ReadonlyMap<string, ReadonlyMap<number, T>>) =>
    Object.fromEntries([...map].map(([name, each]) => [name, Object.fromEntries(each)]))
  return { functions: plain(functions), lines, core: plain(core), problems: problems.sentences }
}

const all = {
  functions: { 'struct_ops/init': { 0: init, 64: exit }, 'tp/switch': { 0: exit } },
  core: { 'struct_ops/init': { 16: { typeId: struct, kind: 6 } } },
  problems: [],
}

describe('readExtension', () => {
  it.each<Sizes>([{}, { functions: 16, lines: 24, core: 20 }, { header: 48 }])(
    'reads records of any size behind a header of any size: %j',
    (sizes) => {
      const { lines, ...rest } = read(bytesOf(ext(sizes)))
      expect(rest).toEqual(all)
      expect([...lines.keys()]).toEqual(['struct_ops/init', 'tp/switch'])
    },
  )

  it('reads the other byte order', () => {
    // The header begins with two bytes that are no word: the magic number, a version and flags.
    const bytes = Buffer.from(bytesOf(ext())).swap32()
    bytes.set([0xeb, 0x9f, 1, 0])
    const { lines, ...rest } = read(bytes)
    expect(rest).toEqual(all)
    expect(lines.get('struct_ops/init')?.lineOf(8)).toMatchObject({ line: 42, column: 7 })
  })

  it('reads what begins at any byte of a file', () => {
    const bytes = bytesOf(ext())
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    const { lines, ...rest } = read(shifted.subarray(3))
    expect(rest).toEqual(all)
    expect(lines.get('tp/switch')?.lineOf(0)?.line).toBe(1)
  })

  it('finds no relocations behind the header of 24 bytes that has none', () => {
    const words = ext({ header: 32 })
    // The two words that would say where they are are the first of the tables.
    const short = [...words.slice(0, 6), ...words.slice(8)]
    short[1] = 24
    const { lines, ...rest } = read(bytesOf(short))
    expect(rest).toEqual({ ...all, core: {} })
    expect(lines.get('struct_ops/init')?.lineOf(64)?.line).toBe(43)
  })

  it('knows of each instruction the line that began last', () => {
    const lines = read(bytesOf(ext())).lines.get('struct_ops/init')
    expect([0, 7].map((offset) => lines?.lineOf(offset))).toEqual([undefined, undefined])
    expect(lines?.lineOf(8)).toEqual({ file: 'scx_demo.bpf.c', text: '  return 0;', line: 42, column: 7 })
    expect(lines?.lineOf(63)?.line).toBe(42)
    expect(lines?.lineOf(64)).toEqual({ file: 'scx_demo.bpf.c', text: '  return 0;', line: 43, column: 9 })
    expect(lines?.lineOf(127)?.line).toBe(43)
    expect(lines?.lineOf(1e6)).toEqual({ file: 'scx_demo.bpf.c', text: '', line: 99, column: 1023 })
  })

  it('keeps what stands before a break, and says where it is', () => {
    const words = ext()
    // The last table is cut inside of its only record; the header still announces it.
    const cut = read(bytesOf(words).subarray(0, -4))
    expect(cut.functions).toEqual(all.functions)
    expect(cut.core).toEqual({ 'struct_ops/init': {} })
    expect(cut.problems).toEqual([
      '.BTF.ext: the CO-RE table reaches beyond the section',
      '.BTF.ext: the CO-RE table breaks off in section struct_ops/init',
    ])
  })

  it('takes of a section that claims more records those that are there', () => {
    const words = ext()
    expect(words.slice(15, 17)).toEqual([other, 1])
    words[16] = 1000
    const { lines, ...torn } = read(bytesOf(words))
    expect(torn).toEqual({
      ...all,
      problems: ['.BTF.ext: the function table breaks off in section tp/switch'],
    })
    expect(lines.size).toBe(2)
  })

  it.each([
    [4, 'records of 4 bytes, and 8 are needed'],
    [10, 'records of 10 bytes, and 8 are needed'],
    [0, 'records of 0 bytes, and 8 are needed'],
  ])('leaves a table with records of %i bytes out', (size, why) => {
    const words = ext()
    words[8] = size
    const { functions, core, problems } = read(bytesOf(words))
    expect(functions).toEqual({})
    expect(core).toEqual(all.core)
    expect(problems).toEqual([`.BTF.ext: the function table has ${why}`])
  })

  it('needs no table: empty ones and those that begin behind the end', () => {
    const header = [0x0001eb9f, 24, 0, 0, 0, 0]
    expect(read(bytesOf(header))).toMatchObject({ functions: {}, core: {}, problems: [] })
    expect(read(bytesOf([0x0001eb9f, 24, 4096, 64, 0, 0]))).toMatchObject({
      functions: {},
      problems: ['.BTF.ext: the function table reaches beyond the section'],
    })
  })

  it.each([
    ['too short', Uint8Array.from([0x9f, 0xeb, 1, ...Array<number>(20).fill(0)])],
    ['without the magic number', new Uint8Array(100)],
    ['of another version', bytesOf([0x0002eb9f, 24, 0, 0, 0, 0])],
  ])('says that a header is %s', (_, bytes) => {
    const { lines, ...rest } = read(bytes)
    expect(rest).toEqual({
      functions: {},
      core: {},
      problems: ['.BTF.ext: its header is not one of version 1'],
    })
    expect(lines.size).toBe(0)
  })
})
