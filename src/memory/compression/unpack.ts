import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import { unpackLzo } from './lzo.js'
import { unpackSnappy } from './snappy.js'
import { isSafeFrame } from './zstd-frame.js'

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

function zstd(): Unpack {
  // Node.js has it from 22.15 on.
  const { zstdDecompressSync: native } = zlib as NativeZstd
  if (native !== undefined) {
    return filling((packed, limit) => [native(packed, { maxOutputLength: limit })])
  }
  // Loaded when a dump needs it. Its stream alone tells how much there was.
  const { Decompress } = createRequire(import.meta.url)('fzstd') as typeof import('fzstd')
  return filling((packed, limit) => {
    if (!isSafeFrame(packed)) return []
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
