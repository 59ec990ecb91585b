import { asPhysical, asPosition, type Position } from '../../src/brands.js'
import type {
  MemoryWindow,
  PhysicalMemory,
  PhysicalRange,
  Problem,
  ReadResult,
} from '../../src/memory/types.js'
import { windowOver } from '../../src/memory/window.js'

const frameSize = 4096

/** Guest-physical memory in one buffer: address 0 is its first byte. Parts can be taken out, as a dump leaves them out. */
export class ArrayMemory implements PhysicalMemory {
  readonly description = 'the memory of a test'
  readonly bytes: Uint8Array
  readonly view: DataView
  #windows: readonly MemoryWindow[]
  #ranges: readonly PhysicalRange[]
  generation = 0

  constructor(size: number) {
    const window = windowOver(new ArrayBuffer(size))
    this.bytes = window.bytes
    this.view = window.view
    this.#windows = [window]
    this.#ranges = [{ start: asPhysical(0), length: size }]
  }

  get ranges(): readonly PhysicalRange[] {
    return this.#ranges
  }

  get windows(): readonly MemoryWindow[] {
    return this.#windows
  }

  /** The source no longer holds these frames. Both numbers are multiples of 4096. */
  remove(start: number, length: number): void {
    this.generation++
    this.#ranges = this.#ranges.flatMap((range) => {
      const end = range.start + range.length
      const before = { start: range.start, length: Math.min(end, start) - range.start }
      const from = asPhysical(Math.max(range.start, start + length))
      return [before, { start: from, length: end - from }].filter((part) => part.length > 0)
    })
  }

  locate(frame: number): Position {
    const start = frame * frameSize
    const held = this.#ranges.some(
      (range) => start >= range.start && start + frameSize <= range.start + range.length,
    )
    return asPosition(held ? start : -1)
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#ranges
  }

  read(address: number, length: number): ReadResult {
    const range = this.#ranges.find(({ start, length }) => address >= start && address < start + length)
    const end = Math.min(address + length, range === undefined ? address : range.start + range.length)
    const bytes = this.bytes.slice(address, end)
    if (bytes.length === length) return { ok: true, bytes }
    const problem: Problem = { kind: 'absent', address: BigInt(end), physical: asPhysical(end) }
    return { ok: false, bytes, problem }
  }

  close(): void {
    this.#windows = []
    this.#ranges = []
    this.generation++
  }
}
