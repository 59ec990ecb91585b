import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileJson } from '../../../src/value/render/compile-json.js'
import { treacherous } from '../../support/treacherous.js'
import { build } from '../types.js'
import { bytesOf, context, json } from './both-ways.js'

describe('integers', () => {
  test.each([
    ['u8', [0xff], 255],
    ['s8', [0xff], -1],
    ['u16', [0x34, 0x12], 0x1234],
    ['s16', [0x00, 0x80], -32768],
    ['u32', [0xff, 0xff, 0xff, 0xff], 4294967295],
    ['s32', [0xfe, 0xff, 0xff, 0xff], -2],
    ['bool', [2], true],
    ['bool', [0], false],
    ['char', [0x41], 65],
  ] as const)('%s of %j is %j', (name, bytes, expected) => {
    expect(
      json(
        build((_, types) => types[name]),
        bytes,
      ),
    ).toBe(expected)
  })

  test.each([
    ['u64', 2n ** 53n - 1n, 9007199254740991],
    ['u64', 2n ** 53n, '9007199254740992'],
    ['u64', 2n ** 64n - 1n, '18446744073709551615'],
    ['s64', 2n ** 53n - 1n, 9007199254740991],
    ['s64', 2n ** 53n, '9007199254740992'],
    ['s64', 2n ** 53n + 2n ** 32n - 1n, '9007203549708287'],
    ['s64', -(2n ** 53n) + 1n, -9007199254740991],
    ['s64', -(2n ** 53n), '-9007199254740992'],
    ['s64', -1n, -1],
    ['s64', -(2n ** 63n), '-9223372036854775808'],
    ['s64', 2n ** 63n - 1n, '9223372036854775807'],
  ] as const)('%s of %s is %j', (name, value, expected) => {
    expect(
      json(
        build((_, types) => types[name]),
        bytesOf(value),
      ),
    ).toBe(expected)
  })

  test('of 128 bits are decimal text when large', () => {
    const unsigned = build((_, { u128 }) => u128)
    const signed = build((_, { s128 }) => s128)
    expect(json(unsigned, bytesOf(7n, 0n))).toBe(7)
    expect(json(unsigned, bytesOf(0n, 1n))).toBe('18446744073709551616')
    expect(json(signed, bytesOf(-1n, -1n))).toBe(-1)
    expect(json(signed, bytesOf(0n, -(2n ** 63n)))).toBe('-170141183460469231731687303715884105728')
  })

  test('of odd sizes and old-style bits are read as they are', () => {
    expect(
      json(
        build((b) => b.int('u24', 3)),
        [1, 2, 3],
      ),
    ).toBe(0x030201)
    expect(
      json(
        build((b) => b.int('s40', 5, { signed: true })),
        [0xff, 0xff, 0xff, 0xff, 0xff],
      ),
    ).toBe(-1)
    expect(
      json(
        build((b) => b.int('bits', 4, { bits: 5, bitOffset: 3 })),
        [0xf8, 0xff, 0, 0],
      ),
    ).toBe(31)
    expect(
      json(
        build((b) => b.int('wide bool', 4, { bool: true })),
        [0, 0, 1, 0],
      ),
    ).toBe(true)
  })

  test('that cannot be are shown as bytes', () => {
    expect(
      json(
        build((b) => b.int('broken', 4, { bits: 40 })),
        [1, 2, 3, 4],
      ),
    ).toEqual({
      hex: '01020304',
      reason: 'integer of 40 bits in 4 bytes',
    })
  })
})

describe('floating point', () => {
  test('of 2, 4 and 8 bytes is a number', () => {
    expect(
      json(
        build((b) => b.float('_Float16', 2)),
        [0x00, 0xc0],
      ),
    ).toBe(-2)
    expect(
      json(
        build((b) => b.float('_Float16', 2)),
        [0x01, 0x00],
      ),
    ).toBe(2 ** -24)
    expect(
      json(
        build((b) => b.float('float', 4)),
        [0, 0, 0xc0, 0x3f],
      ),
    ).toBe(1.5)
    expect(
      json(
        build((b) => b.float('double', 8)),
        bytesOf(0x3ff8000000000000n),
      ),
    ).toBe(1.5)
  })

  test('that JSON has no number for is text', () => {
    const double = build((b) => b.float('double', 8))
    expect(json(double, bytesOf(0x7ff8000000000000n))).toBe('NaN')
    expect(json(double, bytesOf(0xfff0000000000000n))).toBe('-Infinity')
    expect(
      json(
        build((b) => b.float('_Float16', 2)),
        [0x00, 0x7c],
      ),
    ).toBe('Infinity')
  })

  test('of other sizes is bytes, with the reason', () => {
    const long = build((b) => b.float('long double', 16))
    expect(json(long, new Uint8Array(16))).toEqual({
      hex: '0'.repeat(32),
      reason: 'floating point of 16 bytes, whose format depends on the machine',
    })
  })
})

describe('enums', () => {
  test('are names, and numbers without a name', () => {
    const state = build((b) => b.enum('state', { IDLE: 0, RUN: 1, ALSO_RUN: 1 }))
    expect(json(state, [1, 0, 0, 0])).toBe('RUN')
    expect(json(state, [9, 0, 0, 0])).toBe(9)
  })

  test('can be negative, small or of 64 bits', () => {
    const signed = build((b) => b.enum('error', { FAILED: -1, FINE: 0 }))
    expect(json(signed, [0xff, 0xff, 0xff, 0xff])).toBe('FAILED')
    expect(json(signed, [0xfe, 0xff, 0xff, 0xff])).toBe(-2)
    expect(
      json(
        build((b) => b.enum('small', { TWO: 2 }, 1)),
        [2],
      ),
    ).toBe('TWO')
    const wide = build((b) => b.enum('dsq', { SCX_DSQ_GLOBAL: 2n ** 63n + 1n }))
    expect(json(wide, bytesOf(2n ** 63n + 1n))).toBe('SCX_DSQ_GLOBAL')
    expect(json(wide, bytesOf(2n ** 63n + 2n))).toBe('9223372036854775810')
  })
})

describe('text', () => {
  const comm = build((b, { char }) => b.array(char, 8))

  test('ends at its NUL or with the array', () => {
    expect(json(comm, Buffer.from('bash\0xyz'))).toBe('bash')
    expect(json(comm, Buffer.from('12345678'))).toBe('12345678')
    expect(json(comm, new Uint8Array(8))).toBe('')
  })

  test('is UTF-8, and what is not is escaped', () => {
    expect(json(comm, Buffer.from('gr\u00fc\u00df\0\0'))).toBe('gr\u00fc\u00df')
    expect(json(comm, [0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0, 0])).toBe('a\\xff\\xc3(\\xe2\\x82')
    expect(json(comm, Buffer.from('a"\\\n\x1b\0\0\0'))).toBe('a"\\\n\x1b')
  })

  test('that is long is the same', () => {
    const path = build((b, { char }) => b.array(char, 64))
    const text = '/a/rather/long/path/with/many/parts'
    expect(json(path, Buffer.from(text.padEnd(64, '\0')))).toBe(text)
  })

  test('is only for char, not for other bytes', () => {
    expect(
      json(
        build((b, { u8 }) => b.array(u8, 2)),
        [65, 66],
      ),
    ).toEqual([65, 66])
    const encoded = build((b) => b.array(b.int('letter', 1, { char: true }), 2))
    expect(json(encoded, [65, 66])).toBe('AB')
  })
})

describe('pointers', () => {
  test('say their type, and the symbol there', () => {
    const type = build((b) => b.pointer(b.struct('rq', [])))
    expect(json(type, bytesOf(0xffff888000001000n))).toEqual({
      pointer: '0xffff888000001000',
      type: 'struct rq *',
    })
    expect(json(type, bytesOf(0n))).toEqual({ pointer: '0x0', type: 'struct rq *' })
    expect(json(type, bytesOf(0x10n))).toEqual({ pointer: '0x10', type: 'struct rq *' })
    expect(json(type, bytesOf(0x100000001n))).toEqual({ pointer: '0x100000001', type: 'struct rq *' })
    const call = build((b, { s32 }) => b.pointer(b.prototype(s32, [{ type: b.pointer(0) }])))
    expect(json(call, bytesOf(0xffffffff81000000n))).toEqual({
      pointer: '0xffffffff81000000',
      type: 'int (*)(void *)',
      to: 'schedule',
    })
  })
})

describe('characters of a guest', () => {
  const type = build((b, { char }) => b.array(char, 16))

  test('reach JSON with none that acts, hides or reverses', () => {
    const nasty = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom('\u007f', '\u009b', '\u202e', '\u2066', '\u061c', '\u200f', 'a', '"'), {
          maxLength: 8,
        })
        .map((parts) => Buffer.concat([Buffer.from(parts.join('')), Buffer.alloc(16)]).subarray(0, 16)),
    )
    fc.assert(
      fc.property(nasty, (bytes) => {
        const data = Uint8Array.from(bytes)
        const text = compileJson(context, type)(new DataView(data.buffer), data, 0)
        expect(text).not.toMatch(treacherous)
        json(type, data)
      }),
    )
    expect(json(type, [0x61, 0x7f, 0xff, ...Array.from({ length: 13 }, () => 0)])).toBe('a\u007f\\xff')
  })
})
