import type { Page, Position } from '../../brands.js'
import type { AddressSpace } from '../../memory/address-space.js'
import type { MemoryWindow } from '../../memory/types.js'

/** Buckets whose chains are read together. */
export const ahead = 128
/** Elements of a chain that are: in a full table one in fifty lies farther behind. */
const depth = 3
/** Window index in a position; multiplying is several times faster than dividing here. */
export const perWindow = 2 ** -32

/** No element, or none that was read. */
export const noElement = -1

/**
 * The first elements of the chains of some buckets. Each is a cache miss; loops that do nothing but ask for one after
 * another let the processor wait for many at once, which is what makes a large walk fast. Nothing is checked or said here.
 */
export class ReadAhead {
  // Of each bucket: its head, and its first element.
  readonly lows: Int32Array
  readonly highs: Int32Array
  readonly firsts: Int32Array
  // Of each element: where its page is, the pointer in it, and the element that leads to.
  readonly positions: Float64Array
  readonly nextLows: Int32Array
  readonly nextHighs: Int32Array
  readonly nexts: Int32Array
  /** Elements whose pointers were read; those behind have none here. */
  read = 0
  /** Of the memory, when the positions were found. */
  generation = 0
  readonly #space: AddressSpace
  readonly #offsets: Int32Array
  /** From the beginning of an element to the last word of its value. */
  readonly #value: number
  readonly #end: number
  #found = 0
  /** Keeps reads that only warm the cache from being optimised away. */
  #touched = 0

  /** For `count` buckets at a time at most. Value and end are offsets in an element, multiples of 4. */
  constructor(space: AddressSpace, count: number, value: number, end: number) {
    this.#space = space
    this.#value = value
    this.#end = end
    this.lows = new Int32Array(count)
    this.highs = new Int32Array(count)
    this.firsts = new Int32Array(count)
    this.positions = new Float64Array(count * depth)
    this.nextLows = new Int32Array(count * depth)
    this.nextHighs = new Int32Array(count * depth)
    this.nexts = new Int32Array(count * depth)
    this.#offsets = new Int32Array(count * depth)
  }

  /**
   * Reads the chains of up to `count` buckets, the first of which lies `at` bytes behind the beginning of a page: of as many
   * as there are before the first whose page is missing, which is how many it gives.
   */
  fill(firstPage: number, at: number, stride: number, count: number): number {
    const { memory } = this.#space
    this.generation = memory.generation
    this.#found = 0
    this.read = 0
    const heads = this.#heads(firstPage, at, stride, count)
    for (let level = 0; level < depth; level++) {
      const from = this.read
      const to = this.#found
      // What is read now may have driven out what was found before.
      if (from === to || memory.generation !== this.generation) break
      this.#touch(from, to)
      this.read = to
      const isLast = level === depth - 1
      for (let i = from; i < to; i++) {
        this.nexts[i] = isLast
          ? noElement
          : this.#add(this.nextLows[i] as number, this.nextHighs[i] as number)
      }
    }
    return heads
  }

  #heads(firstPage: number, first: number, stride: number, count: number): number {
    const { memory } = this.#space
    let known = -1
    let base = 0
    let view: DataView | undefined
    for (let i = 0; i < count; i++) {
      const at = first + i * stride
      const page = (firstPage + Math.floor(at / 4096)) as Page
      if (page !== known) {
        known = page
        const position = this.#space.locate(page)
        base = position >>> 0
        view = position < 0 ? undefined : memory.windows[(position * perWindow) | 0]?.view
      }
      if (view === undefined) return i
      const head = base + (at % 4096)
      const low = view.getInt32(head, true)
      const high = view.getInt32(head + 4, true)
      this.lows[i] = low
      this.highs[i] = high
      this.firsts[i] = this.#add(low, high)
    }
    return count
  }

  /** Where the element is that a pointer leads to. */
  #add(low: number, high: number): number {
    if ((low & 1) !== 0 || (low === 0 && high === 0)) return noElement
    const element = this.#found++
    this.positions[element] = this.#space.locate(((high >>> 0) * 2 ** 20 + (low >>> 12)) as Page)
    this.#offsets[element] = low & 0xfff
    return element
  }

  #touch(from: number, to: number): void {
    const { windows } = this.#space.memory
    const { positions, nextLows, nextHighs } = this
    const offsets = this.#offsets
    const value = this.#value
    const end = this.#end
    let touched = 0
    for (let i = from; i < to; i++) {
      const position = positions[i] as Position
      const offset = offsets[i] as number
      // Whoever walks finds that it is no element.
      if (position < 0 || (offset & 7) !== 0) {
        nextLows[i] = 1
        continue
      }
      const { view } = windows[(position * perWindow) | 0] as MemoryWindow
      const at = (position >>> 0) + offset
      nextLows[i] = view.getInt32(at, true)
      nextHighs[i] = view.getInt32(at + 4, true)
      if (offset + end > 4092) continue
      touched ^= view.getInt32(at + value, true) ^ view.getInt32(at + end, true)
    }
    this.#touched ^= touched
  }
}
