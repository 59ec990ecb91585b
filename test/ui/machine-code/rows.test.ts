import { describe, expect, it } from 'vitest'
import type { JitedFunction } from '../../../src/bpf/programs/jited.js'
import { Disassembler } from '../../../src/ui/machine-code/disassembler.js'
import { codeRows } from '../../../src/ui/machine-code/rows.js'

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
    const disassembler = await Disassembler.load()
    const symbolize = (address: bigint) => (address === 0xffffffffc0001000n ? 'helper' : undefined)
    const rows = [...codeRows([program], (code, at) => disassembler.decode(code, at, symbolize))]
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

  it('is bytes where nothing decodes it', () => {
    const rows = [...codeRows([program], () => [])]
    expect(rows.filter(({ kind }) => kind === 'code')).toEqual([
      { kind: 'code', offset: 0, text: '55 48 89 e5 e8 f7 0f 00 00 c9 06 06' },
    ])
  })
})
