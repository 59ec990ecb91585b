import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import { unpackLzo } from './lzo.js'
import { unpackSnappy } from './snappy.js'

/** Fills `into` with what was packed; false when the data is damaged or has another length. */
export type Unpack = (packed: Uint8Array, into: Uint8Array) => boolean

export type Compression = 'zlib' | 'lzo' | 'snappy' | 'zstd'

export function unpacker(compression: Compression): Unpack {
  switch (compression) {
    case 'zlib':
      return filling((packed, limit) => [zlib.inflateSync(packed, { maxOutputLength: limit })])
    case 'lzo':
      return unpackLzo
    case 'snappy':
      return unpackSnappy
    case 'zstd':
      return zstd()
  }
}

interface NativeZstd {
  readonly zstdDecompressSync?: (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
}

/** What a page was packed with needs no more; the window is allocated as large as a frame claims. */
const windowLimit = 2 ** 23

function zstd(): Unpack {
  // Node.js has it from 22.15 on.
  const { zstdDecompressSync: native } = zlib as NativeZstd
  if (native !== undefined) {
    return filling((packed, limit) => [native(packed, { maxOutputLength: limit })])
  }
  // Loaded when a dump needs it. Its stream alone tells how much there was.
  const { Decompress } = createRequire(import.meta.url)('fzstd') as typeof import('fzstd')
  return filling((packed, limit) => {
    if (!(zstdWindow(packed) <= windowLimit)) return []
    const pieces: Uint8Array[] = []
    let length = 0
    const stream = new Decompress((piece) => {
      pieces.push(piece)
      length += piece.length
      if (length > limit) throw new RangeError('more than a page')
    })
    stream.push(packed, true)
    return pieces
  })
}

/** Window_Size of a frame (RFC 8878, 3.1.1.1), NaN when it is none. */
function zstdWindow(packed: Uint8Array): number {
  // Read as if zeros followed: the decoder finds out that they do not.
  const view = new DataView(new ArrayBuffer(24))
  for (let i = 0; i < Math.min(packed.length, 24); i++) view.setUint8(i, packed[i] as number)
  if (view.getUint32(0, true) !== 0xfd2fb528) return Number.NaN
  const descriptor = view.getUint8(4)
  if ((descriptor & 0x20) === 0) {
    const base = 2 ** (10 + (view.getUint8(5) >> 3))
    return base + (base / 8) * (view.getUint8(5) & 7)
  }
  // A single segment: the window is the content.
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] as number)
  switch (descriptor >> 6) {
    case 0:
      return view.getUint8(at)
    case 1:
      return view.getUint16(at, true) + 256
    case 2:
      return view.getUint32(at, true)
    default:
      return Number(view.getBigUint64(at, true))
  }
}

/** Libraries throw whatever they like at damaged data. */
function filling(decode: (packed: Uint8Array, limit: number) => readonly Uint8Array[]): Unpack {
  return (packed, into) => {
    try {
      let length = 0
      for (const piece of decode(packed, into.length)) {
        into.set(piece, length)
        length += piece.length
      }
      return length === into.length
    } catch {
      return false
    }
  }
}
