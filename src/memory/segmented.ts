import {
  asFileOffset,
  asPhysical,
  asPosition,
  type FileOffset,
  type Frame,
  frameStart,
  type Physical,
  type Position,
} from '../brands.js'
import { type FileMapping, windowPosition } from './mapping.js'
import { readFrames } from './read-frames.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange, ReadResult } from './types.js'

/** A run of physical memory and where the file holds it. Lengths are bytes. */
export interface Segment {
  readonly physical: Physical
  readonly offset: FileOffset
  readonly length: number
}

/** What of a mapped file, or of several, is needed here. */
export type MappedFile = Pick<
  FileMapping,
  'size' | 'windows' | 'window' | 'extents' | 'lost' | 'onLost' | 'close'
>

const frameSize = 4096

/** Physical memory whose frames lie, uncompressed, in one mapped file: a RAM file or an ELF core. */
export class SegmentedMemory implements PhysicalMemory {
  readonly description: string
  readonly ranges: readonly PhysicalRange[]
  readonly #mapping: MappedFile
  #segments: readonly Segment[]
  #windows: readonly MemoryWindow[]
  /** Segment of the last hit: neighbouring reads mostly stay in one. */
  #recent = 0
  #generation = 0

  /** Segments may come in any order and overlap. Parts beyond the end of the file are left out. */
  constructor(description: string, mapping: MappedFile, segments: readonly Segment[]) {
    this.description = description
    this.#mapping = mapping
    this.#windows = mapping.windows
    this.#segments = disjoint(segments, mapping.size)
    mapping.onLost = () => {
      this.#segments = []
      this.#windows = []
      this.#generation++
    }
    this.ranges = this.#segments.map(({ physical, length }) => ({ start: physical, length }))
  }

  get lost(): string | undefined {
    return this.#mapping.lost
  }

  get windows(): readonly MemoryWindow[] {
    return this.#windows
  }

  get generation(): number {
    return this.#generation
  }

  locate(frame: Frame): Position {
    const start = frameStart(frame)
    const segments = this.#segments
    const recent = segments[this.#recent]
    if (
      recent !== undefined &&
      start >= recent.physical &&
      start + frameSize <= recent.physical + recent.length
    ) {
      return this.#position(asFileOffset(recent.offset + (start - recent.physical)))
    }
    let low = 0
    let high = segments.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = segments[middle] as Segment
      if (start < segment.physical) high = middle - 1
      else if (start >= segment.physical + segment.length) low = middle + 1
      else if (start + frameSize > segment.physical + segment.length) return asPosition(-1)
      else {
        this.#recent = middle
        return this.#position(asFileOffset(segment.offset + (start - segment.physical)))
      }
    }
    return asPosition(-1)
  }

  /** As `locate` answers it, in a window that is there. */
  #position(offset: FileOffset): Position {
    const position = windowPosition(offset)
    const window = Math.floor(position / 2 ** 32)
    if (this.#windows[window] === undefined) this.#mapping.window(window)
    return position
  }

  dataRanges(): readonly PhysicalRange[] {
    if (this.#segments.length === 0) return []
    const extents = this.#mapping.extents()
    const ranges: PhysicalRange[] = []
    for (const segment of this.#segments) {
      for (const extent of extents) {
        const from = Math.max(segment.offset, extent.offset)
        const to = Math.min(segment.offset + segment.length, extent.offset + extent.length)
        if (from < to)
          ranges.push({ start: asPhysical(segment.physical + (from - segment.offset)), length: to - from })
      }
    }
    return ranges
  }

  read(address: Physical, length: number): ReadResult {
    return readFrames(this, address, length)
  }

  close(): void {
    this.#segments = []
    this.#windows = []
    this.#generation++
    this.#mapping.close()
  }
}

/** Sorted, clipped to the file, and without overlaps (a dump by virtual ranges lists memory that is mapped twice twice). */
export function disjoint(segments: readonly Segment[], fileSize: number): Segment[] {
  const kept: Segment[] = []
  let covered = 0
  for (const segment of [...segments].sort((a, b) => a.physical - b.physical)) {
    const skipped = Math.max(0, covered - segment.physical)
    const offset = asFileOffset(segment.offset + skipped)
    const length = Math.min(segment.length - skipped, fileSize - offset)
    if (length <= 0) continue
    const physical = asPhysical(segment.physical + skipped)
    kept.push({ physical, offset, length })
    covered = physical + length
  }
  return kept
}
