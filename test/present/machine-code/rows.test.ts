import { describe, expect, it } from 'vitest'
import type { JitedFunction } from '../../../src/bpf/programs/jited.js'
import { Disassembler } from '../../../src/present/machine-code/disassembler.js'
import { codeLines, codeRows, undecoded } from '../../../src/present/machine-code/rows.js'

const source = (text: string, offset: number) => ({
  offset,
  line: { text, file: 'a.bpf.c', line: 1, column: 1, instruction: 0 },
})

/** push %rbp; mov %rsp,%rbp; a call; leave; and something that is no instruction. */
const bytes = Uint8Array.from([0x55, 0x48, 0x89, 0xe5, 0xe8, 0xf7, 0x0f, 0, 0, 0xc9, 0x06, 0x06])
const program: JitedFunction = {
  symbol: 'bpf_prog_1_demo',
  name: 'demo',
  address: 0xffffffffc0000000n,
  bytes,
  lines: [source('call();', 4), source('int demo(void)\u001b[7m', 0)],
}

describe('machine code', () => {
  it('is shown as instructions under their source lines, and what is none as bytes', async () => {
    const disassembler = await Disassembler.load('x86_64')
    const symbolize = (address: bigint) => (address === 0xffffffffc0001000n ? 'helper' : undefined)
    const decode = (code: Uint8Array, at: bigint) => disassembler.decode(code, at, symbolize)
    const rows = [...codeRows([program], decode)].map((row) =>
      row.kind === 'code' ? { kind: row.kind, offset: row.offset, text: row.text } : row,
    )
    expect(rows).toEqual([
      { kind: 'function', name: 'bpf_prog_1_demo', address: program.address, size: 12 },
      { kind: 'source', text: '; int demo(void)\\x1b[7m' },
      { kind: 'code', offset: 0, text: 'push    rbp' },
      { kind: 'code', offset: 1, text: 'mov     rbp, rsp' },
      { kind: 'source', text: '; call();' },
      { kind: 'code', offset: 4, text: 'call    0xffffffffc0001000 <helper>' },
      { kind: 'code', offset: 9, text: 'leave' },
      { kind: 'code', offset: 10, text: '06 06' },
    ])
  })

  it('is printed with the bytes of each instruction on request', async () => {
    const disassembler = await Disassembler.load('x86_64')
    const decode = (code: Uint8Array, at: bigint) => disassembler.decode(code, at, () => undefined)
    expect([...codeLines([program], decode, { opcodes: true })]).toEqual([
      'bpf_prog_1_demo at 0xffffffffc0000000, 12 bytes:',
      '; int demo(void)\\x1b[7m',
      '  0: 55                            push    rbp',
      '  1: 48 89 e5                      mov     rbp, rsp',
      '; call();',
      '  4: e8 f7 0f 00 00                call    0xffffffffc0001000',
      '  9: c9                            leave',
      '  a: 06 06',
    ])
  })

  it('of arm64 is shown as such, with where branches go', async () => {
    const disassembler = await Disassembler.load('aarch64')
    const code = Uint8Array.from([0xfd, 0x7b, 0xbf, 0xa9, 2, 0, 0, 0x94, 0xc0, 3, 0x5f, 0xd6])
    const symbolize = (at: bigint) => (at === 0xffff80008000000cn ? 'helper' : undefined)
    const decode = (bytes: Uint8Array, at: bigint) => disassembler.decode(bytes, at, symbolize)
    const lines = [
      ...codeLines([{ ...program, address: 0xffff800080000000n, bytes: code, lines: [] }], decode),
    ]
    expect(lines.slice(1)).toEqual([
      '  0: stp     x29, x30, [sp, #-0x10]!',
      '  4: bl      #0xffff80008000000c <helper>',
      '  8: ret',
    ])
  })

  it('is bytes where nothing decodes it, sixteen to a line, and anew for each source line', () => {
    const bare = {
      ...program,
      bytes: Uint8Array.from({ length: 20 }, (_, i) => i),
      lines: [source('return;', 18)],
    }
    expect([...codeLines([bare], undecoded, { opcodes: true })]).toEqual([
      'bpf_prog_1_demo at 0xffffffffc0000000, 20 bytes:',
      '   0: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f',
      '  10: 10 11',
      '; return;',
      '  12: 12 13',
    ])
  })
})
