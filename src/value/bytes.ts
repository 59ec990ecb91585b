/** Decoding of little-endian bytes, one value at a time. Callers check that the bytes are there. */

/** `size` bytes as an unsigned integer. */
export function unsignedAt(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] as number)
  return value
}

/** Up to 4 bytes as an unsigned integer. */
export function smallAt(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[offset + i] as number)
  return value
}

/** Eight bytes as an unsigned integer, without the cost of one bigint per byte. */
export function wordAt(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(smallAt(bytes, offset + 4, 4)) << 32n) | BigInt(smallAt(bytes, offset, 4))
}

/** Bits `bitOffset` to `bitOffset + width` of the bytes from `offset` on; bit 0 is the lowest of the first byte. */
export function bitsAt(bytes: Uint8Array, offset: number, bitOffset: number, width: number): bigint {
  const start = offset + Math.floor(bitOffset / 8)
  const shift = bitOffset % 8
  const covering = unsignedAt(bytes, start, Math.ceil((shift + width) / 8))
  return BigInt.asUintN(width, covering >> BigInt(shift))
}

/** IEEE 754 half, single or double precision: 2, 4 or 8 bytes. */
export function floatAt(bytes: Uint8Array, offset: number, size: 2 | 4 | 8): number {
  if (size === 2) return halfFloat(smallAt(bytes, offset, 2))
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size)
  return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
}

export function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
/** Up to here joining strings is faster than a call into the runtime. */
const shortHex = 12

/** Lower-case hex without separators. */
export function hexOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start > shortHex) {
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('hex')
  }
  let hex = ''
  for (let at = start; at < end; at++) hex += pairs[bytes[at] as number]
  return hex
}
