import { asFileOffset, type FileOffset, type Frame, type Physical, type Position } from '../brands.js'
import { fileOffset } from './mapping.js'
import { readFrames } from './read-frames.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange, ReadResult } from './types.js'

/** Reads are noted in units of so many bytes: a word. */
const unit = 8
const unitsOfPage = 4096 / unit

/** Bytes of a source that were read, within one page of its file. */
export interface ReadPiece {
  readonly offset: FileOffset
  readonly length: number
}

/**
 * Memory that notes which bytes are read while it is told to: page tables on the way and values alike. For sources that are
 * one file, as a guest's RAM is.
 */
export class TracedMemory implements PhysicalMemory {
  readonly #memory: PhysicalMemory
  /** At the places of the source's, made when one is first used. */
  readonly #windows: MemoryWindow[] = []
  readonly #pages = new Map<number, Uint8Array>()
  #isTracing = false

  constructor(memory: PhysicalMemory) {
    this.#memory = memory
  }

  get description(): string {
    return this.#memory.description
  }

  get ranges(): readonly PhysicalRange[] {
    return this.#memory.ranges
  }

  get windows(): readonly MemoryWindow[] {
    return this.#windows
  }

  get generation(): number {
    return this.#memory.generation
  }

  /** Forgets what was read before, and notes from now on. */
  trace(): void {
    this.#pages.clear()
    this.#isTracing = true
  }

  /** What was read since, sorted, and no more is noted. Words that lie side by side in a page are one piece. */
  traced(): ReadPiece[] {
    this.#isTracing = false
    const pieces: ReadPiece[] = []
    for (const page of Float64Array.from(this.#pages.keys()).sort()) {
      const marks = this.#pages.get(page) as Uint8Array
      for (let at = marks.indexOf(1); at >= 0; ) {
        const end = marks.indexOf(0, at)
        pieces.push({ offset: asFileOffset(page * 4096 + at * unit), length: (end - at) * unit })
        at = marks.indexOf(1, end)
      }
    }
    return pieces
  }

  locate(frame: Frame): Position {
    const position = this.#memory.locate(frame)
    const number = Math.floor(position / 2 ** 32)
    if (position >= 0 && this.#windows[number] === undefined) {
      const window = this.#memory.windows[number] as MemoryWindow
      const start = fileOffset((number * 2 ** 32) as Position)
      this.#windows[number] = tracedWindow(window, (at, length) => this.#note(start + at, length))
    }
    return position
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#memory.dataRanges()
  }

  read(address: Physical, length: number): ReadResult {
    return readFrames(this, address, length)
  }

  invalidate(): void {
    this.#memory.invalidate?.()
  }

  close(): void {
    this.#windows.length = 0
    this.#memory.close()
  }

  #note(offset: number, length: number): void {
    if (!this.#isTracing || length <= 0) return
    const last = offset + length - 1
    for (let page = Math.floor(offset / 4096); page * 4096 <= last; page++) {
      let marks = this.#pages.get(page)
      if (marks === undefined) {
        // One more, which is never marked: every run ends.
        marks = new Uint8Array(unitsOfPage + 1)
        this.#pages.set(page, marks)
      }
      const from = Math.max(0, offset - page * 4096)
      const to = Math.min(4095, last - page * 4096)
      marks.fill(1, Math.floor(from / unit), Math.floor(to / unit) + 1)
    }
  }
}

type Note = (at: number, length: number) => void

/** The same memory, behind accessors that tell. */
function tracedWindow({ bytes, view }: MemoryWindow, note: Note): MemoryWindow {
  return { bytes: new TracedBytes(bytes, note), view: new TracedView(view, note) }
}

/** What readers of windows use of a Uint8Array: pieces of it. */
class TracedBytes extends Uint8Array {
  readonly #note: Note

  constructor({ buffer, byteOffset, length }: Uint8Array, note: Note) {
    super(buffer as ArrayBuffer, byteOffset, length)
    this.#note = note
  }

  /** Pieces are plain: they were told of when they were taken. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array
  }

  override subarray(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
    const piece = super.subarray(begin, end) as Uint8Array<ArrayBuffer>
    this.#note(piece.byteOffset - this.byteOffset, piece.length)
    return piece
  }

  override slice(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(begin, end).slice()
  }
}

class TracedView extends DataView<ArrayBuffer> {
  readonly #note: Note

  constructor({ buffer, byteOffset, byteLength }: DataView, note: Note) {
    super(buffer as ArrayBuffer, byteOffset, byteLength)
    this.#note = note
  }

  override getUint8(at: number): number {
    this.#note(at, 1)
    return super.getUint8(at)
  }

  override getInt8(at: number): number {
    this.#note(at, 1)
    return super.getInt8(at)
  }

  override getUint16(at: number, little?: boolean): number {
    this.#note(at, 2)
    return super.getUint16(at, little)
  }

  override getInt16(at: number, little?: boolean): number {
    this.#note(at, 2)
    return super.getInt16(at, little)
  }

  override getUint32(at: number, little?: boolean): number {
    this.#note(at, 4)
    return super.getUint32(at, little)
  }

  override getInt32(at: number, little?: boolean): number {
    this.#note(at, 4)
    return super.getInt32(at, little)
  }

  override getFloat32(at: number, little?: boolean): number {
    this.#note(at, 4)
    return super.getFloat32(at, little)
  }

  override getFloat64(at: number, little?: boolean): number {
    this.#note(at, 8)
    return super.getFloat64(at, little)
  }

  override getBigUint64(at: number, little?: boolean): bigint {
    this.#note(at, 8)
    return super.getBigUint64(at, little)
  }

  override getBigInt64(at: number, little?: boolean): bigint {
    this.#note(at, 8)
    return super.getBigInt64(at, little)
  }
}
