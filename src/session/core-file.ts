import { deflateSync } from 'node:zlib'
import { asFrame, asPhysical, type Frame, frameStart } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { FrameReader } from '../memory/frame-reader.js'
import {
  type BlockRun,
  blockRuns,
  descriptorLength,
  layOutKdump,
  packedByZlib,
} from '../memory/kdump-layout.js'
import type { PhysicalRange } from '../memory/types.js'
import { OutputFile } from '../output-file.js'
import { escapeText } from '../text.js'
import type { Session } from './session.js'
import { coreNotes, coreOf, wholeFrames } from './vmcore.js'

const frameSize = 4096
/** Bytes that are written at once. */
const chunkSize = 2 ** 22
/** Blocks whose descriptors are written at once. */
const blocksAtOnce = 1024
const fastest = { level: 1 }
/** A source that loses memory from one pass to the next is going away. */
const passLimit = 3

export interface WriteOptions {
  /** Default elf. */
  readonly format?: 'elf' | 'kdump'
  /** Bytes of memory done of those in all. */
  readonly progress?: (done: number, total: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a dump of a session that stands still: all of its memory, or the given ranges of it (whole frames), with
 * registers and VMCOREINFO. It appears under its name only when it is whole, readable by its owner alone. Resolves to
 * its size in bytes.
 */
export async function writeCoreFile(
  session: Session,
  file: string,
  ranges?: readonly PhysicalRange[],
  options: WriteOptions = {},
): Promise<number> {
  options.signal?.throwIfAborted()
  const write = options.format === 'kdump' ? writeKdump : writeElf
  for (
    let pass = 0, held = ranges ?? wholeFrames(session.target.memory.ranges);
    held.length > 0 && pass < passLimit;
    pass++
  ) {
    const out = await OutputFile.create(file, { isSecret: true })
    try {
      if (options.format === 'kdump' && !out.isSeekable)
        throw new CryoscopeError(
          'usage',
          `a kdump is not written in order, and ${escapeText(file)} takes bytes only so; name a file, or take --format elf`,
        )
      const lost: PhysicalRange[] = []
      const size = await write(session, out, held, { ...options, unreadable: (range) => lost.push(range) })
      if (lost.length === 0) {
        out.keep()
        return size
      }
      // What a damaged source holds but cannot read shows only on the way. It must be absent, not zeros: the dump is then
      // written once more, without it.
      held = without(held, lost)
      if (!out.isSeekable) break
    } finally {
      out.close()
    }
  }
  throw new CryoscopeError('guest', `${session.target.memory.description} can no longer be read`)
}

/** Writes memory that the source holds, says which of it could not be read, and resolves to the size. */
type Writer = (
  session: Session,
  out: OutputFile,
  held: readonly PhysicalRange[],
  options: WriteOptions & { readonly unreadable: (lost: PhysicalRange) => void },
) => Promise<number>

/** What is held and was not lost. Both are sorted, and neither overlaps itself. */
export function without(held: readonly PhysicalRange[], lost: readonly PhysicalRange[]): PhysicalRange[] {
  const left: PhysicalRange[] = []
  let i = 0
  for (const { start, length } of held) {
    const end = start + length
    let at: number = start
    for (let gap = lost[i]; gap !== undefined && gap.start < end; gap = lost[i]) {
      if (gap.start > at) left.push({ start: asPhysical(at), length: gap.start - at })
      at = Math.max(at, gap.start + gap.length)
      if (gap.start + gap.length > end) break
      i++
    }
    if (at < end) left.push({ start: asPhysical(at), length: end - at })
  }
  return left
}

/** An ELF core. Where the memory was never written, the file has holes. */
const writeElf: Writer = async (session, out, held, { progress, signal, unreadable }) => {
  const { head, segments, size } = coreOf(session, [...held])
  const reader = new FrameReader(session.target.memory)
  out.writeAt(head, 0)
  const chunk = new Uint8Array(chunkSize)
  for (const { physical, length, offset } of segments) {
    for (let done = 0; done < length; ) {
      signal?.throwIfAborted()
      const count = Math.min(chunk.length, length - done)
      const first = asFrame((physical + done) / frameSize)
      if (reader.hasData(first, asFrame(first + count / frameSize))) {
        readFrames(reader, first, chunk.subarray(0, count), unreadable)
        out.writeAt(chunk.subarray(0, count), offset + done)
      }
      done += count
      progress?.(offset + done, size)
      await turnOfOthers()
    }
  }
  out.extend(size)
  return size
}

/** A kdump-compressed dump, packed with zlib. Blocks of zeros are one block. */
const writeKdump: Writer = async (session, out, ranges, { progress, signal, unreadable }) => {
  const { kernel, target } = session
  const blockSize = Number(kernel.info.number('PAGESIZE') ?? BigInt(frameSize))
  const held = blockRuns(ranges, blockSize)
  const layout = layOutKdump({
    notes: coreNotes(session),
    vmcoreinfo: kernel.info.text,
    release: kernel.release,
    version: versionOf(kernel),
    architecture: kernel.space.format.architecture,
    cpus: session.vcpus.length,
    blockSize,
    memory: blockRuns(target.memory.ranges, blockSize),
    held,
    physBase: kernel.info.number('phys_base') ?? 0n,
  })
  const reader = new FrameReader(target.memory)
  out.writeAt(layout.head, 0)
  const total = held.reduce((sum, { count }) => sum + count, 0)
  const zeros = new Uint8Array(blockSize)
  const block = new Uint8Array(blockSize)
  const frames = blockSize / frameSize
  out.writeAt(zeros, layout.blocksAt)
  let end = layout.blocksAt + blockSize
  let done = 0
  for (const numbers of inGroups(held)) {
    signal?.throwIfAborted()
    const descriptors = Buffer.alloc(numbers.length * descriptorLength)
    const parts: Uint8Array[] = []
    const start = end
    for (const [i, number] of numbers.entries()) {
      const at = i * descriptorLength
      const first = asFrame(number * frames)
      let place = layout.blocksAt
      let bytes: Uint8Array = zeros
      let flags = 0
      if (reader.hasData(first, asFrame(first + frames))) {
        let isLost = false
        readFrames(reader, first, block, () => {
          isLost = true
        })
        if (isLost) unreadable({ start: frameStart(first), length: blockSize })
        if (!isZero(block)) {
          const packed = deflateSync(block, fastest)
          const shrinks = packed.length < blockSize
          bytes = shrinks ? packed : block.slice()
          flags = shrinks ? packedByZlib : 0
          place = end
          end += bytes.length
          parts.push(bytes)
        }
      }
      descriptors.writeBigUInt64LE(BigInt(place), at)
      descriptors.writeUInt32LE(bytes.length, at + 8)
      descriptors.writeUInt32LE(flags, at + 12)
    }
    out.writeAt(descriptors, layout.descriptorsAt + done * descriptorLength)
    const packed = Buffer.concat(parts)
    out.writeAt(packed, start)
    done += numbers.length
    progress?.(done * blockSize, total * blockSize)
    await turnOfOthers()
  }
  return end
}

function versionOf(kernel: Kernel): string {
  const names = kernel.findSymbol('init_uts_ns')
  try {
    if (names !== undefined) return kernel.struct('uts_namespace', names).text('name.version')
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
  }
  return 'unknown'
}

function* inGroups(runs: readonly BlockRun[]): Generator<number[]> {
  let group: number[] = []
  for (const { first, count } of runs) {
    for (let number = first; number < first + count; number++) {
      group.push(number)
      if (group.length === blocksAtOnce) {
        yield group
        group = []
      }
    }
  }
  if (group.length > 0) yield group
}

/** Whole frames; one that cannot be read is told, and zeros for now. */
function readFrames(
  reader: FrameReader,
  first: Frame,
  into: Uint8Array,
  unreadable: (lost: PhysicalRange) => void,
): void {
  for (let done = 0; done < into.length; ) {
    const rest = into.subarray(done)
    done += reader.read(rest, frameStart(first) + done, asFrame)
    if (done < into.length) {
      const next = Math.min(into.length, done + frameSize - (done % frameSize))
      unreadable({ start: asPhysical(frameStart(first) + next - frameSize), length: frameSize })
      into.fill(0, done, next)
      done = next
    }
  }
}

function isZero(bytes: Uint8Array): boolean {
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
  // NaN and -0 are no zeros either: Object.is tells all of them apart.
  return words.every((word) => Object.is(word, 0))
}

/** Signals and progress have their turn. */
async function turnOfOthers(): Promise<void> {
  await new Promise(setImmediate)
}
