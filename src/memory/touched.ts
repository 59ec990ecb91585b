import type { MemoryWindow, Physical, PhysicalMemory, PhysicalRange, ReadResult } from './types.js'

const frameSize = 4096

/** Memory that notes which frames are asked for: what a smaller dump must hold to answer the same. */
export class TouchedMemory implements PhysicalMemory {
  readonly #memory: PhysicalMemory
  readonly #frames = new Set<number>()

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

  locate(frame: number): number {
    const position = this.#memory.locate(frame)
    if (position >= 0) this.#frames.add(frame)
    return position
  }

  /** The frames that were asked for and are there, in runs. */
  touched(): PhysicalRange[] {
    const ranges: { start: Physical; length: number }[] = []
    for (const frame of Float64Array.from(this.#frames).sort()) {
      const last = ranges.at(-1)
      if (last !== undefined && last.start + last.length === frame * frameSize) last.length += frameSize
      else ranges.push({ start: frame * frameSize, length: frameSize })
    }
    return ranges
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#memory.dataRanges()
  }

  read(address: Physical, length: number): ReadResult {
    for (let at = Math.floor(address / frameSize); at * frameSize < address + length; at++) this.locate(at)
    return this.#memory.read(address, length)
  }

  invalidate(): void {
    this.#memory.invalidate?.()
  }

  close(): void {
    this.#memory.close()
  }
}
