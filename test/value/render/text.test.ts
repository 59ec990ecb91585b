import { describe, expect, test } from 'vitest'
import { formatValue, type TextOptions } from '../../../src/value/render/text.js'
import type { BtfBuilder } from '../../btf/builder.js'
import { base, FakeGuest } from '../fake-guest.js'
import { build, type Integers } from '../types.js'

const guest = new FakeGuest()
guest.setText(0x100, 'swapper\0')
guest.setText(0x200, 'no end'.padEnd(200, '!'))
const context = guest.context()

function text(
  make: (b: BtfBuilder, types: Integers) => number,
  bytes: readonly number[] | Uint8Array,
  options: TextOptions = {},
): string {
  return formatValue(context, build(make), Uint8Array.from(bytes), options)
}

function words(...values: bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) view.setBigUint64(index * 8, value, true)
  return bytes
}

describe('scalars', () => {
  test.each([
    ['u32', [42, 0, 0, 0], {}, '42'],
    ['u32', [42, 0, 0, 0], { hex: true }, '0x2a'],
    ['s32', [0xff, 0xff, 0xff, 0xff], { hex: true }, '-0x1'],
    ['bool', [1], {}, 'true'],
    ['char', [0x41], {}, "'A'"],
    ['char', [0], {}, "'\\0'"],
    ['char', [0x1b], {}, "'\\x1b'"],
    ['char', [0x27], {}, "'\\''"],
    ['char', [0xff], {}, "'\\xff'"],
  ] as const)('%s of %j with %j is %s', (name, bytes, options, expected) => {
    expect(text((_, types) => types[name], bytes, options)).toBe(expected)
  })

  test('unsigned numbers that nobody counts to are hexadecimal', () => {
    expect(text((_, { u64 }) => u64, words(0xffff888000000000n))).toBe('0xffff888000000000')
    expect(text((_, { u64 }) => u64, words(123456789012n))).toBe('123456789012')
  })

  test('enums show name and number', () => {
    const state = (b: BtfBuilder) => b.enum('state', { IDLE: 0, RUN: 1 })
    expect(text(state, [1, 0, 0, 0])).toBe('RUN (1)')
    expect(text(state, [7, 0, 0, 0])).toBe('7')
  })

  test('floats are as short as their precision', () => {
    expect(text((b) => b.float('float', 4), [0xcd, 0xcc, 0xcc, 0x3d])).toBe('0.1')
    expect(text((b) => b.float('double', 8), words(0x8000000000000000n))).toBe('-0')
  })
})

describe('structs', () => {
  const task = (b: BtfBuilder, { s32, u64, char, u32 }: Integers) =>
    b.struct('task_ctx', [
      { name: 'pid', type: s32 },
      { name: 'flags', type: u32 },
      { name: 'vtime', type: u64 },
      { name: 'comm', type: b.array(char, 8) },
      {
        name: 'where',
        type: b.struct('', [
          { name: 'cpu', type: u32 },
          { name: 'node', type: u32 },
        ]),
      },
    ])
  const bytes = [
    42,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    9,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    ...Buffer.from('bash\0\0\0\0'),
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ]

  test('fit on a line when they can', () => {
    expect(text(task, bytes, { columns: 120 })).toBe(
      'struct task_ctx { .pid = 42, .flags = 0, .vtime = 9, .comm = "bash", .where = { .cpu = 1, .node = 0 } }',
    )
  })

  test('are broken into aligned lines when not', () => {
    expect(text(task, bytes, { columns: 40 })).toBe(`struct task_ctx {
  .pid   = 42,
  .flags = 0,
  .vtime = 9,
  .comm  = "bash",
  .where = { .cpu = 1, .node = 0 },
}`)
    expect(text(task, bytes, { columns: 24 })).toContain(
      '\n  .where = {\n    .cpu  = 1,\n    .node = 0,\n  },\n',
    )
  })

  test('leave out what is zero, and what is too deep, when asked', () => {
    expect(text(task, bytes, { showZero: false })).toBe(
      'struct task_ctx { .pid = 42, .vtime = 9, .comm = "bash", .where = { .cpu = 1 } }',
    )
    expect(text(task, bytes, { depth: 0 })).toContain('.where = { … }')
  })

  test('that end early say what is missing and why', () => {
    expect(
      text(task, bytes.slice(0, 12), { missing: 'page not present at 0x1000 (pte)', columns: 300 }),
    ).toBe(
      'struct task_ctx { .pid = 42, .flags = 0, .vtime = <unreadable: page not present at 0x1000 (pte)>, ' +
        '.comm = <unreadable: page not present at 0x1000 (pte)>, .where = { ' +
        '.cpu = <unreadable: page not present at 0x1000 (pte)>, .node = <unreadable: page not present at 0x1000 (pte)> } }',
    )
  })

  test('say when their members share bytes', () => {
    const both = (b: BtfBuilder, { u8, u16 }: Integers) =>
      b.struct('box', [
        {
          name: 'u',
          type: b.union('', [
            { name: 'a', type: u8 },
            { name: 'b', type: u16 },
          ]),
        },
      ])
    expect(text(both, [1, 1])).toBe('struct box { .u = union { .a = 1, .b = 257 } }')
  })

  test('escape names and text of the guest', () => {
    const evil = (b: BtfBuilder, { char }: Integers) =>
      b.struct('e\u001b[2J', [{ name: 'x\u001b', type: b.array(char, 4) }])
    expect(text(evil, Buffer.from('\u001b[2J'))).toBe('struct e\\x1b[2J { .x\\x1b = "\\x1b[2J" }')
  })
})

describe('arrays', () => {
  const numbers =
    (length: number) =>
    (b: BtfBuilder, { u8 }: Integers) =>
      b.array(u8, length)

  test('fold what is equal', () => {
    expect(text(numbers(64), new Uint8Array(64))).toBe('[all 64 zero]')
    expect(text(numbers(6), [1, 2, 3, 4, 5, 6])).toBe('{ 1, 2, 3, 4, 5, 6 }')
    expect(text(numbers(8), [5, 5, 5, 5, 5, 5, 0, 1])).toBe('{ [0 ... 5] = 5, [6] = 0, [7] = 1 }')
    expect(text(numbers(8), [5, 5, 5, 5, 5, 5, 0, 1], { showZero: false })).toBe('{ [0 ... 5] = 5, [7] = 1 }')
    expect(text(numbers(3), [0, 0, 0])).toBe('{ 0, 0, 0 }')
    expect(text(numbers(0), [])).toBe('[]')
  })

  test('of structs are numbered and folded too', () => {
    const pairs = (b: BtfBuilder, { u8 }: Integers) =>
      b.array(
        b.struct('pair', [
          { name: 'a', type: u8 },
          { name: 'b', type: u8 },
        ]),
        4,
      )
    expect(text(pairs, [1, 2, 3, 4, 5, 6, 7, 8], { columns: 30 })).toBe(`{
  [0] = { .a = 1, .b = 2 },
  [1] = { .a = 3, .b = 4 },
  [2] = { .a = 5, .b = 6 },
  [3] = { .a = 7, .b = 8 },
}`)
    expect(text(pairs, [1, 2, 1, 2, 1, 2, 7, 8])).toBe(
      '{ [0 ... 2] = { .a = 1, .b = 2 }, [3] = { .a = 7, .b = 8 } }',
    )
  })

  test('wrap at the width, and stop where asked', () => {
    const counted = Array.from({ length: 40 }, (_, n) => n)
    const wrapped = text(numbers(40), counted, { columns: 40 })
    expect(Math.max(...wrapped.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40)
    expect(wrapped.match(/\d+/g)?.map(Number)).toEqual(counted)
    expect(text(numbers(40), counted, { elements: 3 })).toBe('{ 0, 1, 2, … 37 more }')
    expect(
      text(
        numbers(40),
        counted.map((n) => n >> 3),
        { elements: 2 },
      ),
    ).toBe('{ [0 ... 7] = 0, [8 ... 15] = 1, … 24 more }')
  })

  test('that end early say where', () => {
    expect(text(numbers(6), [1, 2, 3])).toBe(
      '{ 1, 2, 3, [3 ... 5] = <unreadable: the bytes end before this> }',
    )
  })
})

describe('pointers', () => {
  const toRq = (b: BtfBuilder) => b.pointer(b.struct('rq', []))

  test('show their type, address and symbol', () => {
    expect(text(toRq, words(0n))).toBe('NULL')
    expect(text(toRq, words(base))).toBe('(struct rq *) 0xffff888000000000')
    expect(text((b, { s32 }) => b.pointer(b.prototype(s32)), words(0xffffffff81000000n))).toBe(
      '0xffffffff81000000 <schedule>',
    )
  })

  test('to text show it, when it ends', () => {
    const name = (b: BtfBuilder, { char }: Integers) => b.pointer(b.const(char))
    expect(text(name, words(base + 0x100n))).toBe('(const char *) 0xffff888000000100 "swapper"')
    expect(text(name, words(base + 0x200n))).toBe('(const char *) 0xffff888000000200')
    expect(text(name, words(0x1000n))).toBe('(const char *) 0x1000')
    const user = (b: BtfBuilder, { char }: Integers) => b.pointer(b.typeTag('user', char))
    expect(text(user, words(base + 0x100n))).not.toContain('swapper')
  })
})

test('cpumasks are sets, and what has no value is bytes', () => {
  const mask = (b: BtfBuilder, { u64 }: Integers) =>
    b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2) }])
  expect(text(mask, words(0b1101n, 0n))).toBe('{0,2-3}')
  expect(text((b) => b.float('long double', 16), new Uint8Array(16))).toBe(
    '<00000000000000000000000000000000: floating point of 16 bytes, whose format depends on the machine>',
  )
  expect(text((b) => b.forward('secret'), [])).toBe('<only a forward declaration of struct secret is known>')
})
