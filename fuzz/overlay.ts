import { asPhysical, asPosition, type Frame, frameAt, type Physical, type Position } from '../src/brands.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange, ReadResult } from '../src/memory/types.js'
import type { Input } from './input.js'

const frameSize = 4096
const two32 = 2 ** 32

/** Memory under damage: some bytes are others, some frames are gone, and what lies beneath is as it was. */
export class Overlay implements PhysicalMemory {
  readonly #under: PhysicalMemory
  readonly #claimed: readonly PhysicalRange[]
  readonly #touched = new Set<number>()
  #changed = new Map<number, number>()
  #absent: ReadonlySet<number> = new Set()
  #copies = new Uint8Array()
  #windows: readonly MemoryWindow[] | undefined
  #generation = 0

  /**
   * `claimed`: bytes behind 8 GiB that memory has and that are not held. Sizes are believed up to that of memory: in a small
   * one nothing takes long.
   */
  constructor(under: PhysicalMemory, claimed = 0) {
    this.#under = under
    this.#claimed = claimed === 0 ? [] : [{ start: asPhysical(2 ** 33), length: claimed }]
  }

  get description(): string {
    return this.#under.description
  }

  get ranges(): readonly PhysicalRange[] {
    const { ranges } = this.#under
    const own = this.#absent.size === 0 ? ranges : ranges.flatMap((range) => this.#split(range))
    return [...own, ...this.#claimed]
  }

  get generation(): number {
    return this.#under.generation + this.#generation
  }

  get windows(): readonly MemoryWindow[] {
    this.#windows ??= [
      ...this.#under.windows,
      { bytes: this.#copies, view: new DataView(this.#copies.buffer) },
    ]
    return this.#windows
  }

  /** Takes this damage in place of what was before. */
  damage({ patches, absent }: Pick<Input, 'patches' | 'absent'>): void {
    this.#generation++
    this.#absent = new Set(absent)
    this.#changed = new Map()
    for (const { at, bytes } of patches) {
      for (let frame = Math.floor(at / frameSize); frame * frameSize < at + bytes.length; frame++) {
        if (!this.#changed.has(frame)) this.#changed.set(frame, this.#changed.size * frameSize)
      }
    }
    this.#copies = new Uint8Array(this.#changed.size * frameSize)
    for (const [frame, place] of this.#changed) {
      this.#copies.set(this.#under.read(asPhysical(frame * frameSize), frameSize).bytes, place)
    }
    for (const { at, bytes } of patches) {
      for (const [i, byte] of bytes.entries()) {
        const frame = Math.floor((at + i) / frameSize)
        this.#copies[(this.#changed.get(frame) as number) + ((at + i) % frameSize)] = byte
      }
    }
    this.#windows = undefined
  }

  locate(frame: Frame): Position {
    if (this.#absent.has(frame)) return asPosition(-1)
    const under = this.#under.locate(frame)
    if (under < 0) return under
    this.#touched.add(frame)
    const place = this.#changed.get(frame)
    // The last window is the copies'.
    return place === undefined ? under : asPosition(this.#under.windows.length * two32 + place)
  }

  /** The frames that reading asked for and that hold something else than zeros. */
  held(): number[] {
    return [...this.#touched].filter((frame) =>
      this.#under.read(asPhysical(frame * frameSize), frameSize).bytes.some((byte) => byte !== 0),
    )
  }

  dataRanges(): readonly PhysicalRange[] {
    return this.#under.dataRanges()
  }

  read(address: Physical, length: number): ReadResult {
    const bytes = new Uint8Array(Math.min(length, 2 ** 30))
    let done = 0
    while (done < bytes.length) {
      const frame = frameAt(asPhysical(address + done))
      const within = (address + done) % frameSize
      const count = Math.min(frameSize - within, bytes.length - done)
      const position = this.locate(frame)
      if (position < 0) {
        const physical = asPhysical(address + done)
        return {
          ok: false,
          bytes: bytes.subarray(0, done),
          problem: { kind: 'absent', address: BigInt(physical), physical },
        }
      }
      const window = this.windows[Math.floor(position / two32)] as MemoryWindow
      const from = (position >>> 0) + within
      bytes.set(window.bytes.subarray(from, from + count), done)
      done += count
    }
    return { ok: true, bytes }
  }

  invalidate(): void {
    this.#under.invalidate?.()
  }

  close(): void {
    this.#under.close()
  }

  #split(range: PhysicalRange): PhysicalRange[] {
    const parts: PhysicalRange[] = []
    let start = range.start
    for (const frame of Float64Array.from(this.#absent).sort()) {
      const at = frame * frameSize
      if (at < start || at >= range.start + range.length) continue
      if (at > start) parts.push({ start, length: at - start })
      start = asPhysical(at + frameSize)
    }
    const length = range.start + range.length - start
    return length > 0 ? [...parts, { start, length }] : parts
  }
}
