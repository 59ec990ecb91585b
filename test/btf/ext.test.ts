import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { parseBtfExt } from '../../src/btf/ext.js'
import { BtfBuilder } from './builder.js'

const b = new BtfBuilder()
const init = b.function('init', b.prototype(0))
const exit = b.function('exit', b.prototype(0))
const section = b.string('struct_ops/init')
const file = b.string('scx_demo.bpf.c')
const source = b.string('  return 0;')
const btf = Btf.parse(b.build())

/** Header of `headerLength` bytes, then a table of functions and one of lines, with records of any size. */
function ext(functionSize = 8, lineSize = 16, headerLength = 24): Uint8Array {
  const functions = [
    functionSize,
    section,
    2,
    ...record([0, init], functionSize),
    ...record([64, exit], functionSize),
  ]
  const lines = [lineSize, section, 1, ...record([8, file, source, (42 << 10) | 7], lineSize)]
  const bytes = functions.length * 4
  const header = [0x0001eb9f, headerLength, 0, bytes, bytes, lines.length * 4]
  const words = [...header, ...Array<number>(headerLength / 4 - 6).fill(0), ...functions, ...lines]
  return new Uint8Array(Uint32Array.from(words).buffer)
}

const record = (words: readonly number[], size: number): number[] => [
  ...words,
  ...Array<number>(size / 4 - words.length).fill(99),
]

describe('parseBtfExt', () => {
  it.each([
    [8, 16, 24],
    [8, 16, 32],
    [16, 24, 24],
  ])('reads records of %i and %i bytes behind a header of %i', (...sizes) => {
    const read = parseBtfExt(ext(...sizes), btf)
    expect(read.problems).toEqual([])
    expect(read.functions.get('struct_ops/init')).toEqual([
      { offset: 0, type: btf.type(init) },
      { offset: 64, type: btf.type(exit) },
    ])
    expect(read.lines.get('struct_ops/init')).toEqual([
      { offset: 8, file: 'scx_demo.bpf.c', text: '  return 0;', line: 42, column: 7 },
    ])
  })

  it('keeps what stands before a break, and says where it is', () => {
    const whole = ext()
    const read = parseBtfExt(whole.subarray(0, whole.length - 4), btf)
    expect(read.functions.get('struct_ops/init')).toHaveLength(2)
    expect(read.lines.get('struct_ops/init')).toEqual([])
    expect(read.problems.join()).toMatch(/line table/)
  })

  it('refuses what is no BTF.ext', () => {
    expect(() => parseBtfExt(new Uint8Array(23), btf)).toThrow(/BTF.ext/)
    expect(() => parseBtfExt(new Uint8Array(100), btf)).toThrow(/BTF.ext/)
  })
})
