import { describe, expect, test } from 'vitest'
import { floatJson, integerJson, readBits, readInteger } from '../../src/value/integer.js'
import { type IntShape, shapeOf } from '../../src/value/shape.js'
import type { BtfBuilder } from '../btf/builder.js'
import { build, type Integers } from './types.js'

const shape = (make: (b: BtfBuilder, types: Integers) => number): IntShape => shapeOf(build(make)) as IntShape
const named = (name: keyof Integers): IntShape => shape((_, types) => types[name])
const bytes = Uint8Array.of(0x80, 0xff, 0xfe, 0xfd, 0x7c, 0x01, 0x02, 0x83, 0x84, 0, 0, 0, 0, 0, 0, 0, 0xc0)

describe('integers as users hold them', () => {
  test.each<[keyof Integers, number, unknown]>([
    ['u8', 0, 0x80],
    ['s8', 0, -128],
    ['u16', 1, 0xfeff],
    ['s16', 1, -257],
    ['s16', 3, 0x7cfd],
    ['u32', 0, 0xfdfeff80],
    ['s32', 0, -0x2010080],
    ['s32', 1, 0x7cfdfeff],
    ['u64', 0, 0x8302017cfdfeff80n],
    ['s64', 0, -0x7cfdfe8302010080n],
    ['u128', 1, 0xc000000000000000848302017cfdfeffn],
    ['s128', 1, 0xc000000000000000848302017cfdfeffn - 2n ** 128n],
    ['bool', 0, true],
    ['bool', 9, false],
  ])('%s from byte %i', (name, offset, value) => {
    expect(readInteger(named(name), bytes, offset)).toBe(value)
  })

  test('of three and five bytes, and truth values of any size', () => {
    expect(
      readInteger(
        shape((b) => b.int('s24', 3, { signed: true })),
        bytes,
        1,
      ),
    ).toBe(-0x20101)
    expect(
      readInteger(
        shape((b) => b.int('u24', 3)),
        bytes,
        1,
      ),
    ).toBe(0xfdfeff)
    expect(
      readInteger(
        shape((b) => b.int('s40', 5, { signed: true })),
        bytes,
        4,
      ),
    ).toBe(-0x7b7cfdfe84n)
    expect(
      readInteger(
        shape((b) => b.int('bool', 8, { bool: true })),
        bytes,
        8,
      ),
    ).toBe(true)
    expect(
      readInteger(
        shape((b) => b.int('bool', 4, { bool: true })),
        bytes,
        9,
      ),
    ).toBe(false)
    expect(
      readInteger(
        shape((b) => b.int('bool', 4, { bool: true })),
        bytes,
        8,
      ),
    ).toBe(true)
    expect(
      readInteger(
        shape((b) => b.int('bool', 5, { bool: true })),
        bytes,
        9,
      ),
    ).toBe(false)
  })

  test('of which only some bits count', () => {
    const odd = (signed: boolean, bits = 5) => shape((b) => b.int('odd', 4, { bits, bitOffset: 6, signed }))
    // Bits 6 and on of 0xff80 are 1 1 1 1 1.
    expect(readInteger(odd(false), bytes, 0)).toBe(0b11110)
    expect(readInteger(odd(true), bytes, 0)).toBe(-2)
  })

  test('in bitfields are numbers up to 32 bits, and bigints beyond', () => {
    const u64 = named('u64')
    expect(readBits(u64, bytes, 0, 4, 8)).toBe(0xf8)
    expect(readBits(u64, bytes, 0, 4, 32)).toBe(0xcfdfeff8)
    expect(readBits(u64, bytes, 0, 4, 33)).toBe(0x1cfdfeff8n & 0x1ffffffffn)
    expect(readBits(named('s64'), bytes, 0, 4, 32)).toBe(0xcfdfeff8 - 2 ** 32)
    expect(readBits(named('bool'), bytes, 0, 7, 1)).toBe(true)
    expect(readBits(named('bool'), bytes, 0, 6, 1)).toBe(false)
  })
})

test.each<[number | bigint | boolean, unknown]>([
  [7, 7],
  [true, true],
  [2n ** 53n - 1n, 2 ** 53 - 1],
  [2n ** 53n, '9007199254740992'],
  [-(2n ** 53n) + 1n, -(2 ** 53) + 1],
  [-(2n ** 53n), '-9007199254740992'],
])('%s in JSON is %j', (value, json) => {
  expect(integerJson(value)).toBe(json)
})

test.each<[number, unknown]>([
  [1.5, 1.5],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
])('floating point %d in JSON is %j', (value, json) => {
  expect(floatJson(value)).toBe(json)
})
