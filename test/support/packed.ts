import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { deflateSync } from 'node:zlib'
import type { Compression } from '../../src/memory/compression/unpack.js'

/** Packs bytes with a compressor that is not ours: zlib, snappyjs, and the programs lzop and zstd. */
export function packed(compression: Compression, bytes: Uint8Array, level = 1): Uint8Array {
  switch (compression) {
    case 'zlib':
      return deflateSync(bytes)
    case 'lzo':
      return lzopBlock(
        execFileSync('lzop', ['-c', `-${level}`], { input: bytes, stdio: 'pipe' }),
        bytes.length,
      )
    case 'snappy': {
      const snappy = createRequire(import.meta.url)('snappyjs') as { compress(bytes: Uint8Array): Uint8Array }
      return snappy.compress(bytes)
    }
    case 'zstd':
      return execFileSync('zstd', ['-c', '-q', `-${level}`, '--no-check'], { input: bytes, stdio: 'pipe' })
  }
}

/** The only block of an lzop file; empty when lzop stored it as it was. */
function lzopBlock(file: Buffer, length: number): Uint8Array {
  // Magic 9, versions 6, method, level, flags 4, mode 4, two times, name, checksum (lzop's conf.h).
  const flags = file.readUInt32BE(17)
  let at = 33
  at += 1 + (file[at] as number) + 4
  if (file.readUInt32BE(at) !== length) throw new Error('lzop wrote more than one block')
  const size = file.readUInt32BE(at + 4)
  if (size === length) return new Uint8Array()
  // Checksums of the unpacked bytes (adler32, crc32), then of the packed ones.
  const sums = [0x1, 0x100, 0x2, 0x200].filter((flag) => (flags & flag) !== 0).length
  const from = at + 8 + sums * 4
  return file.subarray(from, from + size)
}

/** Memory as it is: zeros, words that repeat, text, and noise. */
export function plausiblePage(seed: number, size = 4096): Uint8Array {
  const page = new Uint8Array(size)
  let state = (seed * 2654435761) >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 8
  }
  for (let at = 0; at < size; ) {
    const length = Math.min(size - at, 1 + (next() % 600))
    const kind = next() % 4
    for (let i = 0; i < length; i++) {
      page[at + i] =
        kind === 0 ? 0 : kind === 1 ? (seed + (i % 8)) & 0xff : kind === 2 ? 97 + (next() % 4) : next()
    }
    at += length
  }
  return page
}
