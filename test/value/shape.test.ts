import { describe, expect, test } from 'vitest'
import { shapeOf } from '../../src/value/shape.js'
import type { BtfBuilder } from '../btf/builder.js'
import { build, type Integers } from './types.js'

type Make = (b: BtfBuilder, types: Integers) => number
const shape = (make: Make) => shapeOf(build(make))
/** Why there is no value; undefined where there is one. */
const reason = (make: Make): string | undefined => {
  const found = shape(make)
  return found.kind === 'opaque' ? found.reason : undefined
}

describe('integers', () => {
  test.each<[number, object, string | undefined]>([
    [1, {}, undefined],
    [16, {}, undefined],
    [17, {}, 'an integer of 17 bytes'],
    [0, { bits: 0 }, 'an integer of 0 bytes'],
    [4, { bits: 0 }, 'integer of 0 bits in 4 bytes'],
    [4, { bits: 1 }, undefined],
    [4, { bits: 24, bitOffset: 8 }, undefined],
    [4, { bits: 25, bitOffset: 8 }, 'integer of 25 bits in 4 bytes'],
  ])('of %i bytes with %j: %s', (size, options, expected) => {
    expect(reason((b) => b.int('odd', size, options))).toBe(expected)
  })

  test('are characters when C calls them so and they have one byte', () => {
    const isChar = (make: Make) => shape(make)
    expect(isChar((b) => b.int('char', 1))).toMatchObject({ char: true })
    expect(isChar((b) => b.int('letter', 1, { char: true }))).toMatchObject({ char: true })
    expect(isChar((b) => b.int('char', 2))).toMatchObject({ char: false })
    expect(isChar((b) => b.int('wchar', 2, { char: true }))).toMatchObject({ char: false })
    expect(isChar((b) => b.int('byte', 1))).toMatchObject({ char: false })
  })
})

test.each<[number, string | undefined]>([
  [1, 'floating point of 1 bytes, whose format depends on the machine'],
  [2, undefined],
  [4, undefined],
  [8, undefined],
  [12, 'floating point of 12 bytes, whose format depends on the machine'],
])('floating point of %i bytes: %s', (size, expected) => {
  const make: Make = (b) => b.float('float', size)
  expect(reason(make)).toBe(expected)
  expect(shape(make).size).toBe(size)
})

test.each<[number, string | undefined]>([
  [0, 'enum of 0 bytes'],
  [1, undefined],
  [8, undefined],
  [9, 'enum of 9 bytes'],
])('enums of %i bytes: %s', (size, expected) => {
  expect(reason((b) => b.enum('state', { A: 1 }, size))).toBe(expected)
})

test('pointers of 32 bits are not followed', () => {
  expect(
    reason((b) => {
      b.int('long', 4, { signed: true })
      return b.pointer(0)
    }),
  ).toBeUndefined()
})

describe('arrays', () => {
  test('have a size that memory can have, of elements that have one', () => {
    expect(shape((b, { u16 }) => b.array(u16, 3))).toMatchObject({ kind: 'array', size: 6, length: 3 })
    expect(shape((b, { u16 }) => b.array(u16, 0))).toMatchObject({ kind: 'array', size: 0, length: 0 })
    expect(reason((b, { u64 }) => b.array(b.array(b.array(u64, 0xffffffff), 0xffffffff), 4))).toMatch(
      /array of \d+ elements is too large/,
    )
    expect(reason((b) => b.array(0, 3))).toBe('array of void has no value')
    expect(reason((b) => b.array(b.prototype(0), 3))).toBe('array of a function is not data')
    expect(reason((b) => b.array(b.struct('empty', []), 1))).toBe('array of 1 elements without size')
    expect(reason((b) => b.array(b.struct('empty', []), 0))).toBeUndefined()
    // Each is bytes with the reason.
    expect(shape((b) => b.array(b.float('long double', 16), 3))).toMatchObject({ kind: 'array', size: 48 })
  })

  test('of characters are text', () => {
    expect(shape((b, { char }) => b.array(b.const(char), 4))).toMatchObject({
      kind: 'text',
      size: 4,
      length: 4,
    })
    expect(shape((b, { u8 }) => b.array(u8, 4))).toMatchObject({ kind: 'array' })
  })

  test('are nested 31 deep at most', () => {
    const nested =
      (depth: number): Make =>
      (b, { u8 }) => {
        let type = u8
        for (let n = 0; n < depth; n++) type = b.array(type, 1)
        return type
      }
    expect(reason(nested(31))).toBeUndefined()
    let at = shape(nested(40))
    let depth = 0
    while (at.kind === 'array') {
      depth++
      at = at.element
    }
    expect(depth).toBe(32)
    expect(at).toMatchObject({ kind: 'opaque', size: 1, reason: 'arrays nested deeper than 32' })
  })
})

test('a variable is what its type is, and functions and declarations have none', () => {
  expect(shape((b, { u16 }) => b.variable('counter', u16))).toMatchObject({ kind: 'int', size: 2 })
  expect(reason((b) => b.function('run', b.prototype(0)))).toBe('a function is not data')
  expect(reason((b) => b.forward('other'))).toBe('only a forward declaration of struct other is known')
})
