import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { FileMapping } from '../memory/mapping.js'
import type { MemoryWindow } from '../memory/types.js'
import type { MemoryFile } from './engine/memory-file.js'

const pageSize = 4096
const windowSize = 2 ** 30
/** Pages that are compared or written at once where they lie together. */
const stretch = 256
/** Pages of a capture that are new, kept until they are worth a write. */
const batchPages = 256

/** Which slot of the store each page of a guest's RAM is in; 0 is a page of zeros. */
export type PageTable = Uint32Array

/**
 * RAM as it was at several times, in one file: a page that did not change is kept once. The file is sparse, with room for
 * so many pages; slots of images that were let go are used again.
 */
export class PageStore {
  readonly #file: number
  readonly #mapping: FileMapping
  readonly #windows: readonly Buffer[]
  readonly #uses: Uint32Array
  readonly #free: number[] = []
  #next = 1

  /** Opens the file, or makes it. `mostBytes` is what it may take on disk. */
  constructor(path: string, mostBytes: number) {
    const slots = Math.max(1, Math.floor(mostBytes / pageSize))
    this.#file = openSync(path, 'a+', 0o600)
    closeSync(this.#file)
    this.#file = openSync(path, 'r+')
    ftruncateSync(this.#file, slots * pageSize)
    this.#mapping = new FileMapping(path)
    this.#windows = asBuffers(this.#mapping)
    this.#uses = new Uint32Array(slots + 1)
  }

  /** Bytes that are in use. */
  get bytes(): number {
    return (this.#next - 1 - this.#free.length) * pageSize
  }

  /** Bytes that can still be taken. */
  get room(): number {
    return (this.#uses.length - this.#next + this.#free.length) * pageSize
  }

  /** Counts the pages of an image that an earlier process left. */
  adopt(tables: Iterable<PageTable>): void {
    for (const table of tables) {
      for (const slot of table) {
        if (slot === 0) continue
        this.#uses[slot] = (this.#uses[slot] ?? 0) + 1
        if (slot >= this.#next) this.#next = slot + 1
      }
    }
    for (let slot = 1; slot < this.#next; slot++) if (this.#uses[slot] === 0) this.#free.push(slot)
  }

  /** Takes an image of RAM; what equals the base is not stored again. Undefined when there is no room for it. */
  capture(ram: MemoryFile, base: PageTable | undefined): PageTable | undefined {
    const mapping = new FileMapping(ram.path)
    try {
      const source = asBuffers(mapping)
      const table = new Uint32Array(ram.size / pageSize)
      const writer = new BatchWriter(this.#file)
      for (const { offset, length } of mapping.extents()) {
        const end = Math.ceil((offset + length) / pageSize)
        for (let page = Math.floor(offset / pageSize); page < end; ) {
          const same = base === undefined ? 0 : this.#equalStretch(source, base, page, end)
          if (same > 0 && base !== undefined) {
            for (let index = page; index < page + same; index++) table[index] = base[index] ?? 0
            page += same
            continue
          }
          const bytes = pageOf(source, page)
          if (!bytes.equals(zeros)) {
            const slot = this.#take()
            if (slot === undefined) {
              writer.flush()
              this.#giveBack(table, base)
              return undefined
            }
            writer.add(slot - 1, bytes)
            table[page] = slot
          }
          page++
        }
      }
      writer.flush()
      for (const slot of table) if (slot !== 0) this.#uses[slot] = (this.#uses[slot] ?? 0) + 1
      return table
    } finally {
      mapping.close()
    }
  }

  /** Makes RAM what the image says, writing only what differs. No process may run on it. */
  restore(ram: MemoryFile, table: PageTable): void {
    const mapping = new FileMapping(ram.path)
    try {
      const target = asBuffers(mapping)
      const present = new Uint8Array(table.length)
      for (const { offset, length } of mapping.extents()) {
        present.fill(1, Math.floor(offset / pageSize), Math.ceil((offset + length) / pageSize))
      }
      const writer = new BatchWriter(ram.fd)
      for (let page = 0; page < table.length; page++) {
        const slot = table[page] ?? 0
        if (slot === 0 && present[page] === 0) continue
        const wanted = slot === 0 ? zeros : pageOf(this.#windows, slot - 1)
        if (present[page] === 0 || !pageOf(target, page).equals(wanted)) writer.add(page, wanted)
      }
      writer.flush()
    } finally {
      mapping.close()
    }
  }

  /** Lets an image go. */
  release(table: PageTable): void {
    for (const slot of table) {
      if (slot === 0) continue
      const left = (this.#uses[slot] ?? 1) - 1
      this.#uses[slot] = left
      if (left === 0) this.#free.push(slot)
    }
  }

  close(): void {
    this.#mapping.close()
    closeSync(this.#file)
  }

  /** How many pages from this one on equal the base, as far as one comparison can tell. */
  #equalStretch(source: readonly Buffer[], base: PageTable, page: number, end: number): number {
    const slot = base[page] ?? 0
    if (slot === 0) return 0
    let length = 1
    const most = Math.min(stretch, end - page, pagesLeftInWindow(page), pagesLeftInWindow(slot - 1))
    while (length < most && base[page + length] === slot + length) length++
    for (; length >= 1; length = length === 1 ? 0 : Math.floor(length / 4) || 1) {
      const bytes = pageOf(source, page, length)
      if (bytes.equals(pageOf(this.#windows, slot - 1, length))) return length
    }
    return 0
  }

  #take(): number | undefined {
    const free = this.#free.pop()
    if (free !== undefined) return free
    return this.#next < this.#uses.length ? this.#next++ : undefined
  }

  /** Slots that a capture took before the room ended. */
  #giveBack(table: PageTable, base: PageTable | undefined): void {
    for (const [page, slot] of table.entries()) if (slot !== 0 && base?.[page] !== slot) this.#free.push(slot)
  }
}

const zeros = Buffer.alloc(pageSize)

function asBuffers(mapping: FileMapping): Buffer[] {
  return Array.from(mapping.windows, (_, number) => {
    const { bytes } = mapping.window(number) as MemoryWindow
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  })
}

function pageOf(windows: readonly Buffer[], page: number, count = 1): Buffer {
  const offset = page * pageSize
  const within = offset % windowSize
  const window = windows[(offset - within) / windowSize]
  return window?.subarray(within, within + count * pageSize) ?? zeros
}

function pagesLeftInWindow(page: number): number {
  return (windowSize - ((page * pageSize) % windowSize)) / pageSize
}

/** Writes pages that follow each other at once. */
class BatchWriter {
  readonly #file: number
  readonly #buffer = Buffer.allocUnsafe(batchPages * pageSize)
  #first = 0
  #count = 0

  constructor(file: number) {
    this.#file = file
  }

  add(page: number, bytes: Uint8Array): void {
    if (this.#count === batchPages || (this.#count > 0 && page !== this.#first + this.#count)) this.flush()
    if (this.#count === 0) this.#first = page
    this.#buffer.set(bytes, this.#count * pageSize)
    this.#count++
  }

  flush(): void {
    let done = 0
    const length = this.#count * pageSize
    while (done < length) {
      done += writeSync(this.#file, this.#buffer, done, length - done, this.#first * pageSize + done)
    }
    this.#count = 0
  }
}
