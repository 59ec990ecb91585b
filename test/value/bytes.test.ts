import { describe, expect, test } from 'vitest'
import { bitsAt, floatAt, halfFloat, hexOf, smallAt, unsignedAt, wordAt } from '../../src/value/bytes.js'

const bytes = Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa)

describe('integers are little-endian', () => {
  test.each([
    [0, 1, 0x11n],
    [9, 1, 0xaan],
    [1, 3, 0x443322n],
    [2, 8, 0xaa99887766554433n],
    [0, 10, 0xaa998877665544332211n],
    [4, 0, 0n],
  ])('from byte %i, %i bytes are %i', (offset, size, value) => {
    expect(unsignedAt(bytes, offset, size)).toBe(value)
  })

  test.each([
    [0, 1, 0x11],
    [8, 2, 0xaa99],
    [3, 3, 0x665544],
    [6, 4, 0xaa998877],
  ])('small ones from byte %i, %i bytes', (offset, size, value) => {
    expect(smallAt(bytes, offset, size)).toBe(value)
  })

  test('words', () => {
    expect(wordAt(bytes, 0)).toBe(0x8877665544332211n)
    expect(wordAt(bytes, 2)).toBe(0xaa99887766554433n)
  })
})

test.each([
  [0, 0, 8, 0x11n],
  [0, 4, 8, 0x21n],
  [1, 0, 1, 0n],
  [1, 1, 1, 1n],
  [1, 9, 7, 0x19n],
  [0, 12, 12, 0x332n],
  [0, 20, 60, 0xaa9988776655443n],
  // Up to the very last bit.
  [9, 7, 1, 1n],
  [8, 8, 8, 0xaan],
])('from byte %i, bit %i, %i bits are %i', (offset, shift, width, value) => {
  expect(bitsAt(bytes, offset, shift, width)).toBe(value)
})

describe('floating point', () => {
  // Values of IEEE 754 binary16, and their bits.
  test.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x8003, -3 * 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xbc01, -1.0009765625],
    [0x4248, 3.140625],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7c01, Number.NaN],
    [0xfe00, Number.NaN],
  ])('half precision %i is %d', (bits, value) => {
    expect(halfFloat(bits)).toBe(value)
    expect(floatAt(Uint8Array.of(9, bits & 0xff, bits >> 8, 9), 1, 2)).toBe(value)
  })

  test('single and double precision, anywhere in a part of a buffer', () => {
    const view = new DataView(new ArrayBuffer(24))
    view.setFloat32(5, 1.5, true)
    view.setFloat64(11, -2.25, true)
    const part = new Uint8Array(view.buffer, 3)
    expect(floatAt(part, 2, 4)).toBe(1.5)
    expect(floatAt(part, 8, 8)).toBe(-2.25)
  })
})

describe('hex', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const expected = [...all].map((byte) => byte.toString(16).padStart(2, '0'))

  test.each([0, 1, 11, 12, 13, 14, 256])('of the first %i bytes', (length) => {
    expect(hexOf(all, 0, length)).toBe(expected.slice(0, length).join(''))
  })

  test.each([
    [250, 256],
    [7, 7],
    [3, 15],
    [100, 200],
  ])('of bytes %i to %i of a part of a buffer', (start, end) => {
    const part = all.subarray(0x10)
    expect(hexOf(part, start - 0x10 < 0 ? 0 : start - 0x10, Math.max(0, end - 0x10))).toBe(
      expected.slice(Math.max(start, 0x10), Math.max(end, 0x10)).join(''),
    )
  })

  test('of all when nothing else is said', () => {
    expect(hexOf(all)).toBe(expected.join(''))
    expect(hexOf(all.subarray(254))).toBe('feff')
  })
})
