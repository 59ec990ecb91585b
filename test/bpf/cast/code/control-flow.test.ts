import { describe, expect, it, test } from 'vitest'
import { buildControlFlow } from '../../../../src/bpf/cast/code/control-flow.js'
import { accessWidth, decode } from '../../../../src/bpf/cast/code/instructions.js'
import { encodeInstruction, type Instruction } from '../../../../src/bpf/programs/instruction.js'
import { instruction } from '../../../support/program-objects.js'
import { op } from '../flow/support.js'

const bytesOf = (instructions: readonly Instruction[]): Uint8Array =>
  Buffer.concat(instructions.map(encodeInstruction))
const nop = op.move(6, 6)

/** Blocks as `start-end: successors`, or why there are none. */
function flow(instructions: readonly Instruction[], start = 0, end = instructions.length): string[] | string {
  const found = buildControlFlow(decode(bytesOf(instructions), true), start, end)
  if (typeof found === 'string') return found
  return found.blocks.map(({ start, end, successors }) => `${start}-${end}: ${successors.join(' ')}`.trim())
}

describe('the blocks of a function', () => {
  test.each([
    ['one, without jumps', [nop, nop, op.exit()], ['0-3:']],
    ['after a call', [op.helper(5), nop, op.exit()], ['0-3:']],
    ['after a call through a register', [instruction(0x8d), nop, op.exit()], ['0-3:']],
    ['both ways of a branch', [op.jumpIf(1, 0, 1), nop, op.exit()], ['0-1: 1 2', '1-2: 2', '2-3:']],
    ['one way, where both are the same', [op.jumpIf(1, 0, 0), op.exit()], ['0-1: 1', '1-2:']],
    ['a branch on 32 bits', [op.jumpIf(1, 0, 1, 0x16), nop, op.exit()], ['0-1: 1 2', '1-2: 2', '2-3:']],
    ['a jump', [op.jump(1), nop, op.exit()], ['0-1: 1', '2-3:']],
    ['a jump far away', [instruction(0x06, { immediate: 1 }), nop, op.exit()], ['0-1: 1', '2-3:']],
    ['a loop', [nop, op.addNumber(1, -1), op.jumpIf(1, 0, -2), op.exit()], ['0-1: 1', '1-3: 2 1', '3-4:']],
    ['a loop of all', [nop, op.jumpIf(1, 0, -2), op.exit()], ['0-2: 1 0', '2-3:']],
    ['a loop without an end', [nop, op.jump(-2)], ['0-2: 0']],
    ['two ends', [op.jumpIf(1, 0, 1), op.exit(), op.exit()], ['0-1: 1 2', '1-2:', '2-3:']],
    [
      'wide instructions',
      [op.loadImmediate(1), op.half(), op.jumpIf(1, 0, 2), op.loadImmediate(2), op.half(), op.exit()],
      ['0-3: 1 2', '3-5: 2', '5-6:'],
    ],
    ['what nothing leads to', [op.jump(2), nop, op.exit(), op.exit()], ['0-1: 1', '3-4:']],
    [
      'the inner of two branches',
      [op.jumpIf(1, 0, 3), op.jumpIf(2, 0, 1), nop, nop, op.exit()],
      ['0-1: 1 4', '1-2: 2 3', '2-3: 3', '3-4: 4', '4-5:'],
    ],
  ])('are %s', (_, instructions, expected) => {
    expect(flow(instructions)).toEqual(expected)
    // Elsewhere in the code they are the same.
    const moved = flow([nop, op.exit(), ...instructions, nop], 2, 2 + instructions.length)
    const shifted = expected.map((block) => block.replace(/^(\d+)-(\d+)/, (_, a, b) => `${+a + 2}-${+b + 2}`))
    expect(moved).toEqual(shifted)
  })

  test.each([
    ['there are none', [], 'it has no instructions'],
    ['a jump leads before it', [op.jump(-2), op.exit()], 'the jump at instruction 0 leaves it'],
    ['a jump leads behind it', [nop, op.jump(1), op.exit()], 'the jump at instruction 1 leaves it'],
    [
      'a far jump leads behind it',
      [instruction(0x06, { immediate: 2 }), op.exit()],
      'the jump at instruction 0 leaves it',
    ],
    ['it does not end', [nop, nop], 'control runs past its last instruction'],
    ['it does not end behind a branch', [op.jumpIf(1, 0, -1)], 'control runs past its last instruction'],
    ['half an instruction is at its end', [nop, op.loadImmediate(1)], 'its last instruction is cut off'],
    [
      'something jumps into an instruction',
      [op.jumpIf(1, 0, 1), op.loadImmediate(1), op.half(), op.exit()],
      'something jumps into the middle of instruction 1',
    ],
  ])('cannot be told where %s', (_, instructions, expected) => {
    expect(flow(instructions)).toBe(expected)
  })

  it('are found by their instructions', () => {
    const code = decode(bytesOf([nop, op.jump(1), nop, op.jumpIf(1, 0, -2), op.exit()]), true)
    const found = buildControlFlow(code, 1, 5)
    if (typeof found === 'string') throw new Error(found)
    expect(found.blocks.map(({ start }) => start)).toEqual([1, 3, 4, 2])
    for (const [n, { start, end }] of found.blocks.entries())
      for (let at = start; at < end; at++) expect(found.blockOf[at - 1]).toBe(n)
    const dead = buildControlFlow(decode(bytesOf([op.jump(1), nop, op.exit()]), true), 0, 3)
    expect(typeof dead === 'string' ? dead : [...dead.blockOf]).toEqual([0, -1, 1])
  })
})

describe('instructions', () => {
  const one = instruction(0x7b, { destination: 3, source: 9, offset: -5, immediate: -7 })

  it('are decoded field by field', () => {
    const fields = ({
      opcodes,
      destinations,
      sources,
      offsets,
      immediates,
      count,
    }: ReturnType<typeof decode>) => [
      count,
      ...[opcodes, destinations, sources, offsets, immediates].map((field) => field[1]),
    ]
    const little = Uint8Array.from([
      ...new Uint8Array(8),
      0x7b,
      0x93,
      0xfb,
      0xff,
      0xf9,
      0xff,
      0xff,
      0xff,
      1,
      2,
    ])
    expect(fields(decode(little, true))).toEqual([2, 0x7b, 3, 9, -5, -7])
    expect(Buffer.compare(bytesOf([one]), little.subarray(8, 16))).toBe(0)
    const big = Uint8Array.from([...new Uint8Array(8), 0x7b, 0x39, 0xff, 0xfb, 0xff, 0xff, 0xff, 0xf9])
    expect(fields(decode(big, false))).toEqual([2, 0x7b, 3, 9, -5, -7])
    expect(fields(decode(Buffer.concat([Buffer.alloc(3), little]).subarray(3), true))).toEqual([
      2, 0x7b, 3, 9, -5, -7,
    ])
  })

  it('move as many bytes as their opcode says', () => {
    expect([0x61, 0x69, 0x71, 0x79, 0x63, 0x6b, 0x73, 0x7b].map(accessWidth)).toEqual([
      4, 2, 1, 8, 4, 2, 1, 8,
    ])
  })
})
