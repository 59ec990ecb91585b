/** Writes kdump-compressed dumps as makedumpfile does (diskdump_mod.h of makedumpfile, version 6). */

export interface KdumpPage {
  readonly page: number
  /** What lies in the file. */
  readonly data: Uint8Array
  /** 0 plain, 1 zlib, 2 lzo, 4 snappy, 0x20 zstd. */
  readonly flags: number
}

export interface KdumpSpec {
  readonly pages: readonly KdumpPage[]
  /** Pages of the machine. */
  readonly pageCount: number
  readonly blockSize?: number
  readonly version?: number
  readonly machine?: string
  readonly status?: number
  readonly vmcoreinfo?: string
  readonly notes?: Uint8Array
  /** This file is for these pages only. */
  readonly split?: readonly [from: number, to: number]
}

/** Pages whose data is the same object share their bytes, as the pages of zeros do. */
export function buildKdump(spec: KdumpSpec): Buffer {
  const { pages, pageCount, blockSize = 4096, version = 6, machine = 'x86_64', split } = spec
  const bitmapBlocks = Math.ceil(pageCount / 8 / blockSize)
  const info = Buffer.from(spec.vmcoreinfo ?? '', 'latin1')
  const notes = Buffer.from(spec.notes ?? [])
  const subBlocks = Math.ceil((104 + info.length + notes.length) / blockSize)

  const header = Buffer.alloc(blockSize)
  header.write('KDUMP   ', 0, 'latin1')
  header.writeInt32LE(version, 8)
  header.write('Linux', 12, 'latin1')
  header.write('6.99.0-test', 12 + 2 * 65, 'latin1')
  header.write(machine, 12 + 4 * 65, 'latin1')
  header.writeUInt32LE(spec.status ?? 1, 424)
  header.writeInt32LE(blockSize, 428)
  header.writeInt32LE(subBlocks, 432)
  header.writeUInt32LE(bitmapBlocks * 2, 436)
  header.writeUInt32LE(version >= 6 ? 0 : pageCount, 440)

  const sub = Buffer.alloc(subBlocks * blockSize)
  sub.writeInt32LE(split === undefined ? 0 : 1, 12)
  const [from, to] = split ?? [0, pageCount]
  for (const at of [16, 80]) {
    sub.writeBigUInt64LE(BigInt(from), at)
    sub.writeBigUInt64LE(BigInt(to), at + 8)
  }
  sub.writeBigUInt64LE(BigInt(pageCount), 96)
  sub.writeBigUInt64LE(BigInt(blockSize + 104), 32)
  sub.writeBigUInt64LE(BigInt(info.length), 40)
  sub.writeBigUInt64LE(BigInt(blockSize + 104 + info.length), 48)
  sub.writeBigUInt64LE(BigInt(notes.length), 56)
  info.copy(sub, 104)
  notes.copy(sub, 104 + info.length)

  const memory = Buffer.alloc(bitmapBlocks * blockSize)
  for (let page = 0; page < pageCount; page++) setBit(memory, page)
  const dumped = Buffer.alloc(bitmapBlocks * blockSize)
  const sorted = [...pages].sort((a, b) => a.page - b.page)
  for (const { page } of sorted) setBit(dumped, page)

  const held = sorted.filter(({ page }) => page >= from && page < to)
  const descriptors = Buffer.alloc(held.length * 24)
  let offset = header.length + sub.length + memory.length + dumped.length + descriptors.length
  const places = new Map<Uint8Array, number>()
  const data: Uint8Array[] = []
  for (const [i, page] of held.entries()) {
    let place = places.get(page.data)
    if (place === undefined) {
      place = offset
      places.set(page.data, place)
      data.push(page.data)
      offset += page.data.length
    }
    descriptors.writeBigInt64LE(BigInt(place), i * 24)
    descriptors.writeUInt32LE(page.data.length, i * 24 + 8)
    descriptors.writeUInt32LE(page.flags, i * 24 + 12)
  }
  return Buffer.concat([header, sub, memory, dumped, descriptors, ...data])
}

function setBit(bitmap: Buffer, bit: number): void {
  bitmap[bit >> 3] = (bitmap[bit >> 3] as number) | (1 << (bit & 7))
}

/** A piece of a flattened stream. */
export interface FlatPiece {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** makedumpfile's flattened format: pieces with big-endian headers behind a header of 4096 bytes. */
export function flatten(pieces: readonly FlatPiece[], { end = true }: { end?: boolean } = {}): Buffer {
  const head = Buffer.alloc(4096)
  head.write('makedumpfile', 0, 'latin1')
  head.writeBigInt64BE(1n, 16)
  head.writeBigInt64BE(1n, 24)
  const words = (offset: bigint, length: bigint): Buffer => {
    const buffer = Buffer.alloc(16)
    buffer.writeBigInt64BE(offset, 0)
    buffer.writeBigInt64BE(length, 8)
    return buffer
  }
  return Buffer.concat([
    head,
    ...pieces.flatMap(({ offset, bytes }) => [words(BigInt(offset), BigInt(bytes.length)), bytes]),
    ...(end ? [words(-1n, -1n)] : []),
  ])
}
