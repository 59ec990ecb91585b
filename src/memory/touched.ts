import { asFrame, type Frame, frameAt, frameStart, type Physical, type Position } from '../brands.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange, ReadResult } from './types.js'

const frameSize = 4096

/** Memory that notes which frames are asked for: what a smaller dump must hold to answer the same. */
export class TouchedMemory implements PhysicalMemory {
  readonly #memory: PhysicalMemory
  readonly #frames = new Set<Frame>()

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
    return this.#memory.windows
  }

  get generation(): number {
    return this.#memory.generation
  }

  locate(frame: Frame): Position {
    const position = this.#memory.locate(frame)
    if (position >= 0) this.#frames.add(frame)
    return position
  }

  /** The frames that were asked for and are there, in runs. */
  touched(): PhysicalRange[] {
    const ranges: { start: Physical; length: number }[] = []
    for (const number of Float64Array.from(this.#frames).sort()) {
      const start = frameStart(asFrame(number))
      const last = ranges.at(-1)
      if (last !== undefined && last.start + last.length === start) last.length += frameSize
      else ranges.push({ start, length: frameSize })
    }
    return ranges
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#memory.dataRanges()
  }

  read(address: Physical, length: number): ReadResult {
    const end = address + length
    for (let frame = frameAt(address); frameStart(frame) < end; frame = asFrame(frame + 1)) this.locate(frame)
    return this.#memory.read(address, length)
  }

  invalidate(): void {
    this.#memory.invalidate?.()
  }

  close(): void {
    this.#memory.close()
  }
}
