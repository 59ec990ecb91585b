import { type CoreNote, encodeNotes } from './core-layout.js'
import { vmcoreinfoNote } from './core-notes.js'
import type { Architecture } from './dump.js'

/** A run of blocks, by their numbers. */
export interface BlockRun {
  readonly first: number
  readonly count: number
}

export interface KdumpSpec {
  readonly notes: readonly CoreNote[]
  readonly vmcoreinfo: string
  /** uname -r and -v of the kernel; readers go by neither, but want both. */
  readonly release: string
  readonly version: string
  readonly architecture: Architecture
  readonly cpus: number
  /** The kernel's page size. */
  readonly blockSize: number
  /** What the machine has, sorted. */
  readonly memory: readonly BlockRun[]
  /** What of it the dump holds, sorted. */
  readonly held: readonly BlockRun[]
  /** Where an x86-64 kernel's image lies: NUMBER(phys_base) of VMCOREINFO. */
  readonly physBase: bigint
}

export interface KdumpLayout {
  /** Headers, notes and bitmaps: the first bytes of the file. */
  readonly head: Uint8Array
  /** Descriptors of the held blocks in their order follow the head, and their bytes follow them. */
  readonly descriptorsAt: number
  readonly blocksAt: number
}

/** Bits of the header's status and of a descriptor's flags. */
export const packedByZlib = 1
export const descriptorLength = 24

const headerLength = 464
const subHeaderLength = 104
const version = 6
const nameLength = 65
/** All kinds of pages that makedumpfile can leave out: readers take what is missing for left out. */
const partialLevel = 31

/**
 * Lays out a kdump-compressed dump (makedumpfile diskdump_mod.h: disk_dump_header, kdump_sub_header, two bitmaps,
 * page_desc), whole and not split.
 */
export function layOutKdump(spec: KdumpSpec): KdumpLayout {
  const { blockSize, memory, held, architecture } = spec
  const last = memory.at(-1)
  const blocks = last === undefined ? 0 : last.first + last.count
  const count = held.reduce((sum, run) => sum + run.count, 0)
  const info = Buffer.from(spec.vmcoreinfo, 'latin1')
  // Its text is found in two ways: as a note among the others, and by its place in that note.
  const notes = encodeNotes([...spec.notes, vmcoreinfoNote(spec.vmcoreinfo)])
  const subBlocks = Math.ceil((subHeaderLength + notes.length) / blockSize)
  const bitmapBlocks = Math.ceil(blocks / 8 / blockSize)
  const subAt = blockSize
  const bitmapsAt = subAt + subBlocks * blockSize
  const descriptorsAt = bitmapsAt + 2 * bitmapBlocks * blockSize
  const head = Buffer.alloc(descriptorsAt)

  head.write('KDUMP   ', 0, 'latin1')
  head.writeInt32LE(version, 8)
  for (const [i, name] of ['Linux', '', spec.release, spec.version, architecture].entries()) {
    head.write(name.slice(0, nameLength - 1), 12 + i * nameLength, 'latin1')
  }
  head.writeUInt32LE(packedByZlib, 424)
  head.writeInt32LE(blockSize, 428)
  head.writeInt32LE(subBlocks, 432)
  head.writeUInt32LE(2 * bitmapBlocks, 436)
  head.writeUInt32LE(Math.min(blocks, 2 ** 32 - 1), 440)
  head.writeUInt32LE(spec.cpus, headerLength - 4)

  head.writeBigInt64LE(BigInt.asIntN(64, spec.physBase), subAt)
  const isWhole = count === memory.reduce((sum, run) => sum + run.count, 0)
  head.writeInt32LE(isWhole ? 0 : partialLevel, subAt + 8)
  const notesAt = subAt + subHeaderLength
  const words = [
    [32, notesAt + notes.indexOf(info)],
    [40, info.length],
    [48, notesAt],
    [56, notes.length],
    [96, blocks],
  ] as const
  for (const [at, value] of words) head.writeBigUInt64LE(BigInt(value), subAt + at)
  head.set(notes, notesAt)

  const bitmap = bitmapBlocks * blockSize
  for (const [i, runs] of [memory, held].entries()) {
    const at = bitmapsAt + i * bitmap
    for (const run of runs) setBits(head.subarray(at, at + bitmap), run)
  }
  return { head, descriptorsAt, blocksAt: descriptorsAt + count * descriptorLength }
}

function setBits(bitmap: Uint8Array, { first, count }: BlockRun): void {
  const end = first + count
  for (let bit = first; bit < end; ) {
    const byte = bit >> 3
    if (bit % 8 === 0 && end - bit >= 8) {
      const whole = Math.floor((end - bit) / 8)
      bitmap.fill(0xff, byte, byte + whole)
      bit += whole * 8
    } else {
      bitmap[byte] = (bitmap[byte] as number) | (1 << (bit & 7))
      bit++
    }
  }
}

/** Ranges of bytes as runs of the blocks that they touch. */
export function blockRuns(
  ranges: readonly { readonly start: number; readonly length: number }[],
  blockSize: number,
): BlockRun[] {
  const runs: { first: number; count: number }[] = []
  for (const { start, length } of ranges) {
    const first = Math.floor(start / blockSize)
    const end = Math.ceil((start + length) / blockSize)
    const last = runs.at(-1)
    if (last !== undefined && first <= last.first + last.count) {
      last.count = Math.max(last.count, end - last.first)
    } else {
      runs.push({ first, count: end - first })
    }
  }
  return runs
}
