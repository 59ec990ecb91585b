import { bitsAt, smallAt, unsignedAt, wordAt } from './bytes.js'
import type { IntShape } from './shape.js'

/** An integer as users hold it: up to 32 bits a number, above a bigint, `_Bool` a boolean. */
export function readInteger(shape: IntShape, bytes: Uint8Array, offset: number): number | bigint | boolean {
  if (shape.bits !== shape.size * 8) return readBits(shape, bytes, offset, shape.bitOffset, shape.bits)
  if (shape.size <= 4) {
    const value = smallAt(bytes, offset, shape.size)
    if (shape.bool) return value !== 0
    if (!shape.signed) return value
    const unused = 32 - shape.size * 8
    return (value << unused) >> unused
  }
  const value = shape.size === 8 ? wordAt(bytes, offset) : unsignedAt(bytes, offset, shape.size)
  if (shape.bool) return value !== 0n
  return shape.signed ? BigInt.asIntN(shape.bits, value) : value
}

/** A bitfield of that integer type; up to 32 bits give a number. */
export function readBits(
  shape: IntShape,
  bytes: Uint8Array,
  offset: number,
  bitOffset: number,
  width: number,
): number | bigint | boolean {
  const bits = bitsAt(bytes, offset, bitOffset, width)
  if (shape.bool) return bits !== 0n
  const value = shape.signed ? BigInt.asIntN(width, bits) : bits
  return width <= 32 ? Number(value) : value
}

/** An integer as JSON has it: decimal text when a double does not hold it. */
export function integerJson(value: number | bigint | boolean): number | string | boolean {
  if (typeof value !== 'bigint') return value
  return value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value.toString()
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** Floating point as JSON has it: what JSON has no number for is text. */
export function floatJson(value: number): number | string {
  return Number.isFinite(value) ? value : `${value}`
}
