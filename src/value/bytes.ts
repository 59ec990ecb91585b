/** Decoding of little-endian bytes, one value at a time. Callers check that the bytes are there. */

/** `size` bytes as an unsigned integer. */
export function unsignedAt(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0)
  return value
}

/** Up to 4 bytes as an unsigned integer. */
export function smallAt(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[offset + i] ?? 0)
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

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text in bytes `start` to `end`, up to the first NUL. Bytes that are not UTF-8 read as `\xHH`.
 */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  let ascii = ''
  let at = start
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0) return ascii
    if (byte >= 0x80) break
    ascii += String.fromCharCode(byte)
  }
  if (at >= end) return ascii
  const nul = bytes.subarray(0, end).indexOf(0, at)
  const rest = bytes.subarray(at, nul < 0 ? end : nul)
  try {
    return ascii + strict.decode(rest)
  } catch {
    return ascii + decodeBroken(rest)
  }
}

/** UTF-8 with errors: every byte that belongs to no character is escaped. */
function decodeBroken(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0
    const length = byte < 0x80 ? 1 : byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0
    let character: string | undefined
    if (length > 0 && at + length <= bytes.length) {
      try {
        character = strict.decode(bytes.subarray(at, at + length))
      } catch {}
    }
    text += character ?? `\\x${byte.toString(16).padStart(2, '0')}`
    at += character === undefined ? 1 : length
  }
  return text
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
  for (let at = start; at < end; at++) hex += pairs[bytes[at] ?? 0]
  return hex
}
