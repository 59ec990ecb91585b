import type { Compression } from '../../src/memory/compression/unpack.js'
import { encodeNotes } from '../../src/memory/core-layout.js'
import { vmcoreinfoNote } from '../../src/memory/core-notes.js'
import { buildElfCore, prstatusNote, qemuNote } from '../../test/support/elf-core.js'
import { buildKdump, flatten, type KdumpPage } from '../../test/support/kdump.js'
import { packed, plausiblePage } from '../../test/support/packed.js'
import type { FileBase } from '../damage.js'
import { Skipped } from '../kind.js'

const frameSize = 4096
const info = 'OSRELEASE=6.99.0-fuzz\nPAGESIZE=4096\nNUMBER(phys_base)=0\n'
const registers = Array.from({ length: 27 }, (_, i) => BigInt(i) << 20n)
const cpu = {
  general: Array.from({ length: 18 }, (_, i) => BigInt(i)),
  segments: Array.from({ length: 10 }, (_, i): [number, bigint] => [i, BigInt(i)]),
  control: [1n, 2n, 3n, 4n, 5n],
  kernelGsBase: 0xffff888000000000n,
}
const notes = [prstatusNote(registers), prstatusNote(registers), qemuNote(cpu), vmcoreinfoNote(info)]

export function elfFiles(): FileBase[] {
  const loads = [0, 0x100000, 2 ** 32].map((physical, i) => ({
    physical,
    bytes: plausiblePage(i + 1, (i + 1) * frameSize),
  }))
  return [false, true].map((extendedCount): FileBase => {
    const bytes = buildElfCore({ loads, notes, extendedCount })
    const data = bytes.length - 6 * frameSize
    return {
      name: extendedCount ? 'extended count' : 'plain',
      bytes,
      magic: 16,
      structure: [
        { start: 16, end: 64 },
        { start: 64, end: 64 + 4 * 56 },
        { start: 64, end: data },
      ],
    }
  })
}

/** zlib, stored pages, and one file of a dump that was split. */
export function kdumpFiles(): FileBase[] {
  return [
    kdumpFile('zlib', pagesOf('zlib')),
    kdumpFile('stored', pagesOf(undefined)),
    kdumpFile('old', pagesOf('zlib'), { version: 3 }),
    kdumpFile('split', pagesOf('zlib'), { split: [0, 20] }),
  ]
}

export function kdumpFilesOf(compression: Compression): FileBase[] {
  return [kdumpFile(compression, pagesOf(compression))]
}

const flags: Readonly<Record<Compression, number>> = { zlib: 1, lzo: 2, snappy: 4, zstd: 0x20 }

function pagesOf(compression: Compression | undefined): KdumpPage[] {
  try {
    return [0, 1, 2, 5, 31, 33].map((page) => {
      const bytes = plausiblePage(page)
      const data = compression === undefined ? bytes : packed(compression, bytes)
      if (compression === undefined || data.length === 0) return { page, data: bytes, flags: 0 }
      return { page, data, flags: flags[compression] }
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Skipped(`there is no program here that packs by ${compression}`)
  }
}

function kdumpFile(
  name: string,
  pages: readonly KdumpPage[],
  more: { version?: number; split?: readonly [number, number] } = {},
): FileBase {
  const bytes = buildKdump({
    pages,
    pageCount: 40,
    status: pages.reduce((all, page) => all | page.flags, 0),
    vmcoreinfo: info,
    notes: encodeNotes(notes),
    ...more,
  })
  const descriptors = 4 * frameSize
  return {
    name,
    bytes,
    magic: 8,
    structure: [
      { start: 8, end: 464 },
      { start: frameSize, end: frameSize + 104 },
      { start: frameSize + 104, end: frameSize + 2500 },
      { start: 2 * frameSize, end: 2 * frameSize + 8 },
      { start: 3 * frameSize, end: 3 * frameSize + 8 },
      { start: descriptors, end: descriptors + pages.length * 24 },
      { start: descriptors, end: descriptors + pages.length * 24 },
    ],
  }
}

export function flattenedFiles(): FileBase[] {
  return [...kdumpFiles().slice(0, 1), ...elfFiles().slice(0, 1)].map(({ name, bytes }): FileBase => {
    const pieces: { offset: number; bytes: Uint8Array }[] = []
    for (let offset = 0; offset < bytes.length; offset += 3000)
      pieces.push({ offset, bytes: bytes.subarray(offset, offset + 3000) })
    // makedumpfile writes the header again when it is done.
    pieces.push({ offset: 0, bytes: bytes.subarray(0, 500) })
    const flat = flatten(pieces)
    const structure = [{ start: 16, end: 32 }]
    for (let at = frameSize; at < flat.length; ) {
      structure.push({ start: at, end: at + 16 })
      at += 16 + Math.max(0, Number(flat.readBigInt64BE(at + 8)))
    }
    return { name: `flattened ${name}`, bytes: flat, magic: 12, structure }
  })
}
