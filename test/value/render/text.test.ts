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

describe('what is left out', () => {
  const pairs =
    (count: number) =>
    (b: BtfBuilder, { u8 }: Integers) =>
      b.array(
        b.struct('pair', [
          { name: 'a', type: u8 },
          { name: 'b', type: u8 },
        ]),
        count,
      )
  const bytes =
    (length: number) =>
    (b: BtfBuilder, { u8 }: Integers) =>
      b.array(u8, length)

  test('arrays of scalars are folded from four on, those of structs from two', () => {
    expect(text(bytes(3), [5, 5, 5])).toBe('{ 5, 5, 5 }')
    expect(text(bytes(4), [5, 5, 5, 5])).toBe('{ [0 ... 3] = 5 }')
    expect(text(bytes(4), [0, 0, 0, 0])).toBe('[all 4 zero]')
    expect(text(bytes(4), [0, 0, 0, 1])).toBe('{ [0 ... 2] = 0, [3] = 1 }')
    expect(text(pairs(1), [1, 2])).toBe('{ [0] = { .a = 1, .b = 2 } }')
    expect(text(pairs(2), [1, 2, 1, 2])).toBe('{ [0 ... 1] = { .a = 1, .b = 2 } }')
    expect(text(pairs(2), [0, 0, 0, 0])).toBe('[all 2 zero]')
    expect(text(pairs(1), [0, 0])).toBe('{ [0] = { .a = 0, .b = 0 } }')
    const rows = (b: BtfBuilder, { u8 }: Integers) => b.array(b.array(u8, 2), 2)
    expect(text(rows, [0, 0, 0, 0])).toBe('[all 2 zero]')
    expect(text(rows, [1, 2, 1, 2])).toBe('{ [0 ... 1] = { 1, 2 } }')
  })

  test('nothing is folded where less than half of it would go', () => {
    expect(text(bytes(4), [5, 5, 6, 6])).toBe('{ [0 ... 1] = 5, [2 ... 3] = 6 }')
    expect(text(bytes(5), [5, 5, 6, 6, 7])).toBe('{ 5, 5, 6, 6, 7 }')
    expect(text(bytes(6), [5, 5, 6, 6, 7, 7])).toBe('{ [0 ... 1] = 5, [2 ... 3] = 6, [4 ... 5] = 7 }')
    expect(text(bytes(6), [1, 2, 3, 4, 4, 4])).toBe('{ 1, 2, 3, 4, 4, 4 }')
  })

  test('elements are compared as a whole', () => {
    expect(text(pairs(4), [1, 2, 1, 3, 1, 2, 1, 3], { columns: 200 })).toBe(
      '{ [0] = { .a = 1, .b = 2 }, [1] = { .a = 1, .b = 3 }, [2] = { .a = 1, .b = 2 }, [3] = { .a = 1, .b = 3 } }',
    )
  })

  test('of arrays that end early what is zero is not all of them', () => {
    expect(text(bytes(6), [0, 0, 0, 0, 0])).toBe(
      '{ [0 ... 4] = 0, [5] = <unreadable: the bytes end before this> }',
    )
    expect(text(bytes(6), [])).toBe('<unreadable: the bytes end before this>')
    expect(text(pairs(3), [1, 2, 3], { columns: 200 })).toBe(
      '{ [0] = { .a = 1, .b = 2 }, [1 ... 2] = <unreadable: the bytes end before this> }',
    )
  })

  test('elements beyond those asked for are counted', () => {
    const six = [1, 2, 3, 4, 5, 6]
    expect(text(bytes(6), six, { elements: 6 })).toBe('{ 1, 2, 3, 4, 5, 6 }')
    expect(text(bytes(6), six, { elements: 5 })).toBe('{ 1, 2, 3, 4, 5, … 1 more }')
    // One is always shown.
    expect(text(bytes(6), six, { elements: 0 })).toBe('{ 1, … 5 more }')
    expect(text(bytes(8), [1, 1, 1, 1, 1, 1, 1, 1], { elements: 1 })).toBe('{ [0 ... 7] = 1 }')
    expect(text(bytes(8), [1, 2, 3], { elements: 2 })).toBe(
      '{ 1, 2, … 1 more, [3 ... 7] = <unreadable: the bytes end before this> }',
    )
  })

  test('members of no value are left out when asked, those that cannot be read never', () => {
    const mixed = (b: BtfBuilder, { u8, u16, u32 }: Integers) =>
      b.struct('mixed', [
        { name: 'a', type: u8 },
        { name: 'low', type: u32, bitOffset: 32, bitSize: 4 },
        { name: 'high', type: u32, bitOffset: 36, bitSize: 4 },
        { name: 'list', type: b.array(u8, 2), offset: 8 },
        { name: 'last', type: u16, offset: 10 },
      ])
    const data = [0, 9, 9, 9, 0x50, 0, 0, 0, 0, 1, 0, 0]
    expect(text(mixed, data, { showZero: false })).toBe('struct mixed { .high = 5, .list = { 0, 1 } }')
    expect(text(mixed, data.slice(0, 11), { showZero: false })).toBe(
      'struct mixed { .high = 5, .list = { 0, 1 }, .last = <unreadable: the bytes end before this> }',
    )
    expect(text(mixed, new Uint8Array(12), { showZero: false })).toBe('struct mixed {}')
    expect(text(pairs(3), [0, 0, 0, 0, 1, 0], { showZero: false })).toBe(
      '{ [0] = {}, [1] = {}, [2] = { .a = 1 } }',
    )
    expect(text(pairs(4), [0, 0, 0, 0, 0, 0, 1, 0], { showZero: false })).toBe('{ [3] = { .a = 1 } }')
  })

  test('what lies deeper than asked for is only named', () => {
    const deep = (b: BtfBuilder, { u8 }: Integers) =>
      b.struct('deep', [
        { name: 'in', type: b.struct('in', [{ name: 'list', type: b.array(b.array(u8, 1), 3) }]) },
        { name: 'none', type: b.struct('none', []) },
        { name: 'box', type: b.array(b.struct('box', [{ name: 'x', type: u8 }]), 1) },
      ])
    const at = (depth: number) => text(deep, [1, 2, 3, 4], { depth, columns: 200 })
    expect(at(0)).toBe('struct deep { .in = { … }, .none = {}, .box = [1 elements] }')
    expect(at(1)).toBe('struct deep { .in = { .list = [3 elements] }, .none = {}, .box = { [0] = { … } } }')
    expect(at(2)).toBe(
      'struct deep { .in = { .list = { [0] = [1 elements], [1] = [1 elements], [2] = [1 elements] } }, .none = {}, .box = { [0] = { .x = 4 } } }',
    )
    expect(at(3)).toContain('.list = { [0] = { 1 }, [1] = { 2 }, [2] = { 3 } }')
  })
})

describe('parts of a value', () => {
  test('are bitfields of integers, enums and truth values, also where they end early', () => {
    const bits = (b: BtfBuilder, { s32, bool }: Integers) =>
      b.struct('bits', [
        { name: 'x', type: s32, bitOffset: 4, bitSize: 4 },
        { name: 'state', type: b.enum('state', { IDLE: 0, RUN: 2 }), bitOffset: 9, bitSize: 3 },
        { name: 'on', type: bool, bitOffset: 15, bitSize: 1 },
      ])
    expect(text(bits, [0xf0, 0x84])).toBe('struct bits { .x = -1, .state = RUN (2), .on = true }')
    expect(text(bits, [0x10, 0x06], { hex: true })).toBe(
      'struct bits { .x = 0x1, .state = 0x3, .on = false }',
    )
    expect(text(bits, [0x70], { columns: 200 })).toBe(
      'struct bits { .x = 7, .state = <unreadable: the bytes end before this>, .on = <unreadable: the bytes end before this> }',
    )
  })

  test('that are no value of their own are bytes, at most 64 of them', () => {
    const blob = (size: number) => (b: BtfBuilder) => b.float('blob', size)
    const why = (size: number) => `floating point of ${size} bytes, whose format depends on the machine`
    expect(text(blob(64), new Uint8Array(64).fill(0xab))).toBe(`<${'ab'.repeat(64)}: ${why(64)}>`)
    expect(text(blob(65), new Uint8Array(65).fill(0xab))).toBe(`<${'ab'.repeat(64)}…: ${why(65)}>`)
    expect(text(blob(3), [1, 2, 3])).toBe(`<010203: ${why(3)}>`)
    expect(text(blob(3), [1, 2])).toBe('<unreadable: the bytes end before this>')
  })

  test('cpumasks are read where their bits are, as many as count', () => {
    const bpf = (b: BtfBuilder, { u64, s32 }: Integers) =>
      b.struct('bpf_cpumask', [
        { name: 'usage', type: s32 },
        { name: 'cpumask', type: b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 128) }]) },
      ])
    // The fake machine has four CPUs: the first word counts.
    expect(text(bpf, words(0xffn, 0b1010n))).toBe('{1,3}')
    expect(text(bpf, words(0xffn, 0b1010n).subarray(0, 15))).toBe('<unreadable: the bytes end before this>')
  })

  test('anonymous members of structs are members of the struct', () => {
    const outer = (b: BtfBuilder, { u8 }: Integers) =>
      b.struct('outer', [
        { name: 'a', type: u8 },
        { type: b.union('', [{ name: 'b', type: u8 }]) },
        { name: 'c', type: b.array(b.union('', [{ name: 'd', type: u8 }]), 1) },
      ])
    expect(text(outer, [1, 2, 3])).toBe('struct outer { .a = 1, .b = 2, .c = { [0] = union { .d = 3 } } }')
    const alone = (b: BtfBuilder, { u8 }: Integers) => b.struct('', [{ name: 'a', type: u8 }])
    expect(text(alone, [1])).toBe('struct { .a = 1 }')
    expect(text((b, types) => b.typedef('named_t', alone(b, types)), [1])).toBe('named_t { .a = 1 }')
    expect(text((b, { u8 }) => b.union('', [{ name: 'a', type: u8 }]), [1])).toBe('union { .a = 1 }')
  })

  test('arrays of text and numbers flow, those of structs stand below each other', () => {
    const names = (b: BtfBuilder, { char }: Integers) => b.array(b.array(char, 2), 3)
    expect(text(names, Buffer.from('abcdef'))).toBe('{ "ab", "cd", "ef" }')
    expect(text(names, Buffer.from('abcdef'), { columns: 18 })).toBe('{\n  "ab", "cd",\n  "ef",\n}')
  })
})

describe('pointers to text', () => {
  const name = (b: BtfBuilder, { char }: Integers) => b.pointer(b.const(char))
  const at = (offset: number) => text(name, words(base + BigInt(offset)))

  test('show text of up to 79 bytes', () => {
    guest.setText(0x400, `${'x'.repeat(79)}\0`)
    guest.setText(0x500, `${'y'.repeat(80)}\0`)
    guest.setText(0x600, '\0')
    expect(at(0x400)).toBe(`(const char *) 0xffff888000000400 "${'x'.repeat(79)}"`)
    expect(at(0x500)).toBe('(const char *) 0xffff888000000500')
    expect(at(0x600)).toBe('(const char *) 0xffff888000000600 ""')
    guest.setText(4094, 'z\0')
    expect(at(4094)).toBe('(const char *) 0xffff888000000ffe "z"')
    guest.bytes.fill(0, 4094)
  })

  test('are followed to where the context says', () => {
    const moved = guest.context({ resolvePointer: (value) => value + 0x100n })
    expect(formatValue(moved, build(name), words(base))).toBe('(const char *) 0xffff888000000000 "swapper"')
  })

  test('to other bytes are no text, and a symbol is named beside them', () => {
    expect(text((b, { u8 }) => b.pointer(u8), words(base + 0x100n))).not.toContain('swapper')
    expect(text(name, words(0xffffffff81000000n))).toBe('(const char *) 0xffffffff81000000 <schedule>')
  })
})

describe('numbers', () => {
  test.each([
    [2n ** 48n - 1n, '281474976710655'],
    [2n ** 48n, '0x1000000000000'],
  ])('unsigned %i is %s', (value, expected) => {
    expect(text((_, { u64 }) => u64, words(value))).toBe(expected)
  })

  test.each([
    [-(2n ** 50n), '-1125899906842624'],
    [2n ** 62n, '0x4000000000000000'],
  ])('signed %i is %s', (value, expected) => {
    expect(text((_, { s64 }) => s64, words(BigInt.asUintN(64, value)))).toBe(expected)
  })

  test('characters are those of C, or numbers where hexadecimal is asked for', () => {
    const char = (code: number) => text((_, types) => types.char, [code])
    expect([0x20, 0x7e, 0x7f, 0x5c, 0x80, 0x0a].map(char)).toEqual([
      "' '",
      "'~'",
      "'\\x7f'",
      "'\\\\'",
      "'\\x80'",
      "'\\n'",
    ])
    expect(text((_, types) => types.char, [0x41], { hex: true })).toBe('0x41')
    expect(text((_, types) => types.u8, [0x41])).toBe('65')
  })

  test('enums are hexadecimal as well, and negative ones have their sign', () => {
    const state = (b: BtfBuilder) => b.enum('state', { LOST: -1, TEN: 10 })
    expect(text(state, [10, 0, 0, 0], { hex: true })).toBe('TEN (0xa)')
    expect(text(state, [255, 255, 255, 255], { hex: true })).toBe('LOST (-0x1)')
    expect(text(state, [254, 255, 255, 255])).toBe('-2')
    const wide = (b: BtfBuilder) => b.enum('wide', { FAR: 2n ** 40n })
    expect(text(wide, words(2n ** 40n))).toBe('FAR (1099511627776)')
  })

  test('floating point is the shortest decimal of its own size', () => {
    const single = (bits: number) => {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, bits, true)
      return text((b) => b.float('float', 4), bytes)
    }
    expect(
      [0x3f800000, 0x3eaaaaab, 0x4b7fffff, 0x00000001, 0x7f7fffff, 0x80000000, 0x7f800000].map(single),
    ).toEqual(['1', '0.33333334', '16777215', '1e-45', '3.4028235e+38', '-0', 'Infinity'])
    // Eight digits do not tell it from its neighbour.
    expect(single(0x447fc001)).toBe('1023.00006')
    expect(text((b) => b.float('double', 8), words(0x3fd5555555555555n))).toBe('0.3333333333333333')
    expect(text((b) => b.float('_Float16', 2), [0x55, 0x35])).toBe('0.33325195')
  })
})
