import type { Page } from '../../brands.js'
import { CryoscopeError } from '../../errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import { describeProblem, type MemoryWindow } from '../../memory/types.js'
import type { EntryBatch } from './reader.js'

const pageSize = 4096
const batchBytes = 2 ** 20
/** The kernel makes no values of INT_MAX bytes and more. */
const entryLimit = 2 ** 31 - 1

/** Fills batches of entries. One writer serves a whole walk and uses its buffers again. */
export class BatchWriter implements EntryBatch {
  readonly keySize: number
  readonly valueSize: number
  readonly valueStride: number
  readonly keys: Uint8Array
  readonly values: Uint8Array
  readonly pages: Float64Array
  readonly offsets: Uint16Array
  /** Entries that fit. */
  readonly capacity: number
  count = 0
  readonly #space: AddressSpace
  readonly #keyView: DataView
  readonly #valueView: DataView
  /** Of keys and of values, where both are made of few whole words. */
  readonly #keyWords: Int32Array | undefined
  readonly #valueWords: Int32Array | undefined
  readonly #copies: number
  #failedPage = 0 as Page
  #failedOffset = 0

  /** `copies` is the number of values per entry: 1, or the number of CPUs. */
  constructor(space: AddressSpace, keySize: number, valueSize: number, copies: number, maximum: number) {
    this.#space = space
    this.keySize = keySize
    this.valueSize = valueSize
    this.valueStride = valueSize * copies
    if (keySize + this.valueStride > entryLimit) {
      throw new CryoscopeError(
        'unreadable',
        `the map claims keys of ${keySize} and values of ${valueSize} bytes, which cannot be`,
      )
    }
    const perEntry = Math.max(1, keySize + this.valueStride)
    this.capacity = Math.max(1, Math.min(maximum, Math.floor(batchBytes / perEntry)))
    this.keys = new Uint8Array(this.capacity * keySize)
    this.values = new Uint8Array(this.capacity * this.valueStride)
    this.pages = new Float64Array(this.capacity * copies)
    this.offsets = new Uint16Array(this.capacity * copies)
    this.#keyView = new DataView(this.keys.buffer)
    this.#valueView = new DataView(this.values.buffer)
    if (((keySize | valueSize) & 3) === 0 && keySize <= fewBytes && valueSize <= fewBytes) {
      this.#keyWords = new Int32Array(this.keys.buffer)
      this.#valueWords = new Int32Array(this.values.buffer)
    }
    this.#copies = copies
  }

  get full(): boolean {
    return this.count === this.capacity
  }

  /** Copies the key of the next entry; -1 when a page is missing, else 0. */
  key(page: Page, offset: number): number {
    return this.#copy(page, offset, this.keySize, this.keys, this.#keyView, this.count * this.keySize)
  }

  /** The key of the next entry is a u32 index. */
  index(value: number): void {
    this.#keyView.setUint32(this.count * this.keySize, value, true)
  }

  /** Copies one value of the next entry; `copy` is the CPU's place in per-CPU maps. */
  value(page: Page, offset: number, copy: number): number {
    const slot = this.count * this.#copies + copy
    this.pages[slot] = page + (offset >>> 12)
    this.offsets[slot] = offset & 0xfff
    const to = this.count * this.valueStride + copy * this.valueSize
    return this.#copy(page, offset, this.valueSize, this.values, this.#valueView, to)
  }

  /** Copies key and value of the next entry out of one page, whose bytes start at `base` in `window`. */
  inPage(window: MemoryWindow, base: number, page: Page, keyAt: number, valueAt: number): void {
    const { count } = this
    const { words } = window
    const keys = this.#keyWords
    const values = this.#valueWords
    if (
      words !== undefined &&
      keys !== undefined &&
      values !== undefined &&
      ((base | keyAt | valueAt) & 3) === 0
    ) {
      copyWords(words, (base + keyAt) >>> 2, this.keySize >>> 2, keys, (count * this.keySize) >>> 2)
      copyWords(words, (base + valueAt) >>> 2, this.valueSize >>> 2, values, (count * this.valueSize) >>> 2)
    } else this.#copyInPage(window, base, keyAt, valueAt)
    this.pages[count] = page
    this.offsets[count] = valueAt
    this.count = count + 1
  }

  #copyInPage(window: MemoryWindow, base: number, keyAt: number, valueAt: number): void {
    const { count } = this
    copyBytes(window, base + keyAt, this.keySize, this.keys, this.#keyView, count * this.keySize)
    copyBytes(window, base + valueAt, this.valueSize, this.values, this.#valueView, count * this.valueSize)
  }

  /** The entry is whole; the next one begins. */
  commit(): void {
    this.count++
  }

  reset(): void {
    this.count = 0
  }

  /** Why a place cannot be read. */
  why(page: Page, offset: number): string {
    return describeProblem(this.#space.problemAt(BigInt(page) * 4096n + BigInt(offset)))
  }

  /** Why the last copy that failed did: what is copied may begin on a page that is there. */
  get failure(): string {
    return this.why(this.#failedPage, this.#failedOffset)
  }

  #copy(page: Page, offset: number, length: number, to: Uint8Array, toView: DataView, at: number): number {
    let from = (page + (offset >>> 12)) as Page
    let within = offset & 0xfff
    let done = 0
    while (done < length) {
      const position = this.#space.locate(from)
      if (position < 0) {
        this.#failedPage = from
        this.#failedOffset = within
        return -1
      }
      const window = this.#space.memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow
      const start = (position >>> 0) + within
      const count = Math.min(pageSize - within, length - done)
      copyBytes(window, start, count, to, toView, at + done)
      done += count
      from++
      within = 0
    }
    return 0
  }
}

/** Making a subarray costs more than copying so few word by word. */
const fewBytes = 128

/** Arrays of words are copied in half the time that views take. */
function copyWords(from: Int32Array, start: number, count: number, to: Int32Array, at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[start + i] as number
}

function copyBytes(
  window: MemoryWindow,
  start: number,
  count: number,
  to: Uint8Array,
  toView: DataView,
  at: number,
): void {
  if (count > fewBytes) {
    to.set(window.bytes.subarray(start, start + count), at)
    return
  }
  const { view, bytes } = window
  let i = 0
  for (; i + 4 <= count; i += 4) toView.setUint32(at + i, view.getUint32(start + i, true), true)
  for (; i < count; i++) to[at + i] = bytes[start + i] as number
}
