const initial = 0xdeadbeef

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

/**
 * Bob Jenkins' hash as include/linux/jhash.h has it. The kernel uses jhash2 for keys of whole words; on a little-endian
 * machine the two agree.
 */
export function jhash(key: Uint8Array, seed: number): number {
  let a = (initial + key.length + seed) | 0
  let b = a
  let c = a
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  let at = 0
  let left = key.length
  while (left > 12) {
    a = (a + view.getUint32(at, true)) | 0
    b = (b + view.getUint32(at + 4, true)) | 0
    c = (c + view.getUint32(at + 8, true)) | 0
    ;[a, b, c] = mix(a, b, c)
    at += 12
    left -= 12
  }
  if (left === 0) return c >>> 0
  const byte = (i: number): number => (i < left ? (key[at + i] as number) : 0)
  a = (a + (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24))) | 0
  b = (b + (byte(4) | (byte(5) << 8) | (byte(6) << 16) | (byte(7) << 24))) | 0
  c = (c + (byte(8) | (byte(9) << 8) | (byte(10) << 16) | (byte(11) << 24))) | 0
  return final(a, b, c)
}

function mix(x: number, y: number, z: number): [number, number, number] {
  let a = x
  let b = y
  let c = z
  a = ((a - c) ^ rotate(c, 4)) | 0
  c = (c + b) | 0
  b = ((b - a) ^ rotate(a, 6)) | 0
  a = (a + c) | 0
  c = ((c - b) ^ rotate(b, 8)) | 0
  b = (b + a) | 0
  a = ((a - c) ^ rotate(c, 16)) | 0
  c = (c + b) | 0
  b = ((b - a) ^ rotate(a, 19)) | 0
  a = (a + c) | 0
  c = ((c - b) ^ rotate(b, 4)) | 0
  b = (b + a) | 0
  return [a, b, c]
}

function final(x: number, y: number, z: number): number {
  let a = x
  let b = y
  let c = z
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  c = ((c ^ b) - rotate(b, 24)) | 0
  return c >>> 0
}
