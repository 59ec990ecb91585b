import { asFrame, type Frame, frameStart, type Physical } from '../brands.js'
import type { MemoryWindow, PhysicalMemory, PhysicalRange } from './types.js'

const frameSize = 4096

/** Where a place of a file lies: a physical frame, or nothing. */
export type FrameAt = (page: number) => Frame
/** No memory is there, and none should be: reads as zeros, as holes of sparse files do. */
export const hole = asFrame(-1)

/**
 * Copies memory straight from where it is mapped. Frames of a RAM file that was never written are not touched, for
 * touching them makes the host give them memory.
 */
export class FrameReader {
  readonly #memory: PhysicalMemory
  #data: readonly PhysicalRange[] | undefined
  #recent = 0

  constructor(memory: PhysicalMemory) {
    this.#memory = memory
  }

  /** Fills `target` from byte `offset` of what `frameAt` maps; the answer is how much could be had before a missing frame. */
  read(target: Uint8Array, offset: number, frameAt: FrameAt): number {
    const memory = this.#memory
    let done = 0
    while (done < target.length) {
      const at = offset + done
      const within = at % frameSize
      const count = Math.min(frameSize - within, target.length - done)
      const frame = frameAt((at - within) / frameSize)
      if (frame === hole || (frame >= 0 && !this.#isData(frame))) {
        target.fill(0, done, done + count)
      } else {
        const position = frame < 0 ? -1 : memory.locate(frame)
        if (position < 0) return done
        const window = memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow
        const from = (position >>> 0) + within
        target.set(window.bytes.subarray(from, from + count), done)
      }
      done += count
    }
    return done
  }

  /** Whether any frame from `first` to before `end` may hold something else than zeros. */
  hasData(first: Frame, end: Frame): boolean {
    for (let frame = first; frame < end; frame = asFrame(frame + 1)) if (this.#isData(frame)) return true
    return false
  }

  /** Frames outside of the memory's ranges count as data: `locate` says that they are missing. */
  #isData(frame: Frame): boolean {
    const address = frameStart(frame)
    this.#data ??= this.#memory.dataRanges()
    const data = this.#data
    const recent = data[this.#recent]
    if (recent !== undefined && overlaps(recent, address)) return true
    let low = 0
    let high = data.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const range = data[middle] as PhysicalRange
      if (overlaps(range, address)) {
        this.#recent = middle
        return true
      }
      if (address < range.start) high = middle - 1
      else low = middle + 1
    }
    return !this.#memory.ranges.some((range) => overlaps(range, address))
  }
}

function overlaps({ start, length }: PhysicalRange, address: Physical): boolean {
  return address + frameSize > start && address < start + length
}
