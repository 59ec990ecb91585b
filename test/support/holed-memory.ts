import { asPhysical, asPosition, type Frame, type Physical, type Position } from '../../src/brands.js'
import type {
  MemoryWindow,
  PhysicalMemory,
  PhysicalRange,
  Problem,
  ReadResult,
} from '../../src/memory/types.js'

const frameSize = 4096

/** The same memory without some of its frames, as a dump that was cut or filtered. */
export class HoledMemory implements PhysicalMemory {
  readonly #under: PhysicalMemory
  readonly #isHole: (frame: number) => boolean

  constructor(under: PhysicalMemory, isHole: (frame: number) => boolean) {
    this.#under = under
    this.#isHole = isHole
  }

  get description(): string {
    return this.#under.description
  }

  get ranges(): readonly PhysicalRange[] {
    return this.#under.ranges
  }

  get windows(): readonly MemoryWindow[] {
    return this.#under.windows
  }

  get generation(): number {
    return this.#under.generation
  }

  locate(frame: Frame): Position {
    return this.#isHole(frame) ? asPosition(-1) : this.#under.locate(frame)
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#under.dataRanges()
  }

  read(address: Physical, length: number): ReadResult {
    for (
      let at = address;
      at < address + length;
      at = asPhysical((Math.floor(at / frameSize) + 1) * frameSize)
    ) {
      if (!this.#isHole(Math.floor(at / frameSize))) continue
      const problem: Problem = { kind: 'absent', address: BigInt(at), physical: asPhysical(at) }
      return { ok: false, bytes: this.#under.read(address, at - address).bytes, problem }
    }
    return this.#under.read(address, length)
  }

  close(): void {
    this.#under.close()
  }
}
