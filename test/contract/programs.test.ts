import { describe, expect, it } from 'vitest'
import type { JitedFunction } from '../../src/bpf/programs/jited.js'
import { instructionJson, jitedFunctionJson } from '../../src/contract/programs.js'

const line = { instruction: 2, file: 'demo.bpf.c', text: 'return\x1b 1;', line: 12, column: 3 }
const code: JitedFunction = {
  symbol: 'bpf_prog_00ff_demo',
  name: 'demo',
  address: 0xffffffffc0001000n,
  bytes: Uint8Array.from({ length: 20 }, (_, i) => i),
  lines: [{ offset: 18, line }],
}

describe('machine code', () => {
  it('is JSON with an address as text and bytes as hex', () => {
    const bytes = code.bytes.subarray(0, 2)
    expect(JSON.parse(JSON.stringify([{ ...code, bytes }].map(jitedFunctionJson)))).toEqual([
      {
        symbol: 'bpf_prog_00ff_demo',
        name: 'demo',
        address: '0xffffffffc0001000',
        hex: '0001',
        lines: [{ offset: 18, file: 'demo.bpf.c', text: 'return\x1b 1;', line: 12, column: 3 }],
      },
    ])
  })
})

it('instructions are JSON with what starts at them', () => {
  const instruction = { index: 4, text: '(95) exit', bytes: Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0), line }
  expect(JSON.parse(JSON.stringify([instruction].map(instructionJson)))).toEqual([
    {
      index: 4,
      text: '(95) exit',
      hex: '9500000000000000',
      line: { file: 'demo.bpf.c', text: 'return\x1b 1;', line: 12, column: 3 },
    },
  ])
})
