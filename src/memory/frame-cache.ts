import {
  asBlock,
  asPosition,
  type Block,
  type Frame,
  frameStart,
  type Physical,
  type Position,
} from '../brands.js'
import type { FileMapping } from './mapping.js'
import { readFrames } from './read-frames.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange, ReadResult } from './types.js'
import { windowOver } from './window.js'

/** Where the frames of a cached source come from. */
export interface FrameSource {
  readonly description: string
  /** Sorted, not overlapping. Asked for only when somebody wants to know. */
  ranges(): readonly PhysicalRange[]
  /** Parts that may hold data, for scanning; `ranges` where the source cannot tell. */
  dataRanges?(): readonly PhysicalRange[]
  /** Bytes that are loaded together: a power of two from 4096 on. */
  readonly blockSize: number
  /** Windows that `place` points into: memory that needs no copy. */
  readonly windows?: readonly MemoryWindow[]
  /**
   * What the copy of a block is known by, from 0 on: the same number for blocks that share their bytes. -1 when the source
   * does not hold the block; `inWindows(position)` when it lies in `windows` and needs no copy.
   */
  place(block: Block): number
  /** Fills `into` with the bytes of a block; false when they cannot be had. */
  load(block: Block, into: Uint8Array): boolean
  /** The file that `windows` are of. */
  readonly mapping?: FileMapping | undefined
  /** What happened to the source since it was opened, in a sentence. */
  lost?(): string | undefined
  /** Memory that runs changes under the copies. */
  readonly changes?: boolean
  close(): void
}

/** The answer of `place` for a block that needs no copy. */
export function inWindows(position: Position): number {
  return -2 - position
}

const nowhere = asPosition(-1)
/** Frames are kept in segments: the oldest goes as a whole, and goes back to the collector when nobody views it. */
const segmentSize = 2 ** 22
const defaultBudget = 2 ** 28

/**
 * Physical memory whose frames are copied or unpacked when they are touched, with a bounded number of them kept. A segment
 * is never written twice, so that a view of it stays true; positions hold until `generation` changes.
 */
export class CachedMemory implements PhysicalMemory {
  readonly description: string
  readonly #source: FrameSource
  readonly #windows: MemoryWindow[]
  readonly #segmentLimit: number
  readonly #segmentSize: number
  /** What a block is known by -> its position. */
  readonly #positions = new Map<number, Position>()
  /** Window indices of the segments, oldest first, and what lies in each. */
  #segments: { readonly window: number; readonly keys: number[] }[] = []
  #used = 0
  #generation = 0
  #ranges: readonly PhysicalRange[] | undefined
  #closed = false

  /** `budget` is the number of bytes that are kept at most. */
  constructor(source: FrameSource, budget = defaultBudget) {
    this.description = source.description
    this.#source = source
    this.#windows = [...(source.windows ?? [])]
    this.#segmentSize = Math.max(segmentSize, source.blockSize)
    this.#segmentLimit = Math.max(4, Math.floor(budget / this.#segmentSize))
    this.#used = this.#segmentSize
    const { mapping } = source
    if (mapping === undefined) return
    const inFile = this.#windows.length
    // Copies stay; places in the file are no more.
    mapping.onLost = () => {
      for (let i = 0; i < inFile; i++) delete this.#windows[i]
      this.#generation++
    }
  }

  get lost(): string | undefined {
    return this.#source.lost?.()
  }

  get windows(): readonly MemoryWindow[] {
    return this.#windows
  }

  get generation(): number {
    return this.#generation
  }

  get ranges(): readonly PhysicalRange[] {
    this.#ranges ??= this.#closed ? [] : this.#source.ranges()
    return this.#ranges
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#closed ? [] : (this.#source.dataRanges?.() ?? this.ranges)
  }

  locate(frame: Frame): Position {
    if (this.#closed) return nowhere
    const { blockSize } = this.#source
    const start = frameStart(frame)
    const within = start % blockSize
    const block = asBlock((start - within) / blockSize)
    const place = this.#source.place(block)
    if (place < -1) {
      const mapped = asPosition(-2 - place)
      return this.#isMapped(mapped) ? asPosition(mapped + within) : nowhere
    }
    if (place < 0) return nowhere
    const known = this.#positions.get(place)
    if (known !== undefined && !this.#isOld(known)) return asPosition(known + within)
    const position = this.#fill(block, place, known)
    return position < 0 ? nowhere : asPosition(position + within)
  }

  /** Windows of the file are mapped when they are needed. */
  #isMapped(position: Position): boolean {
    const number = Math.floor(position / 2 ** 32)
    if (this.#windows[number] !== undefined) return true
    const window = this.#source.mapping?.window(number)
    if (window === undefined) return false
    this.#windows[number] = window
    return true
  }

  /** In the oldest quarter, when there is no room for more: what is still asked for moves to the newest segment. */
  #isOld(position: Position): boolean {
    if (this.#segments.length < this.#segmentLimit) return false
    const window = Math.floor(position / 2 ** 32)
    const firstYoung = this.#segments[this.#segmentLimit >> 2]
    return firstYoung !== undefined && window < firstYoung.window
  }

  #fill(block: Block, key: number, known: Position | undefined): Position {
    const { blockSize } = this.#source
    if (this.#used + blockSize > this.#segmentSize) this.#grow()
    // Making room may have dropped it.
    const old = known === undefined ? undefined : this.#windows[Math.floor(known / 2 ** 32)]
    const segment = this.#segments.at(-1)
    const window = this.#windows.at(-1)
    if (segment === undefined || window === undefined) return nowhere
    const into = window.bytes.subarray(this.#used, this.#used + blockSize)
    if (old !== undefined && known !== undefined) {
      into.set(old.bytes.subarray(known >>> 0, (known >>> 0) + blockSize))
    } else if (!this.#source.load(block, into)) {
      into.fill(0)
      return nowhere
    }
    const position = asPosition(segment.window * 2 ** 32 + this.#used)
    this.#used += blockSize
    segment.keys.push(key)
    this.#positions.set(key, position)
    return position
  }

  #grow(): void {
    if (this.#segments.length >= this.#segmentLimit) this.#dropOldest()
    this.#segments.push({ window: this.#windows.length, keys: [] })
    this.#windows.push(windowOver(new ArrayBuffer(this.#segmentSize)))
    this.#used = 0
  }

  #dropOldest(): void {
    const oldest = this.#segments.shift()
    if (oldest === undefined) return
    for (const key of oldest.keys) {
      const position = this.#positions.get(key)
      // A block that moved on lies in a younger segment.
      if (position !== undefined && Math.floor(position / 2 ** 32) === oldest.window)
        this.#positions.delete(key)
    }
    delete this.#windows[oldest.window]
    this.#generation++
  }

  read(address: Physical, length: number): ReadResult {
    return readFrames(this, address, length)
  }

  invalidate(): void {
    if (this.#source.changes === true) this.#drop()
  }

  #drop(): void {
    for (const { window } of this.#segments) delete this.#windows[window]
    this.#segments = []
    this.#positions.clear()
    this.#used = this.#segmentSize
    this.#generation++
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#drop()
    this.#windows.length = 0
    this.#ranges = []
    this.#source.close()
  }
}
