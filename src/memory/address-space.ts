import { asPhysical, type Frame, frameAt, type Page, type Physical, type Position } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { decodeText } from '../text/decode.js'
import { MemoryFault } from './fault.js'
import { frameEntries, isCanonical, type PageTableFormat } from './page-tables.js'
import { type PresentPages, presentPages } from './present-pages.js'
import type {
  MemoryWindow,
  PageTableLevel,
  PhysicalMemory,
  Problem,
  ReadResult,
  VirtualMemory,
} from './types.js'

/** Powers of two. */
const cacheSize = 65_536
const regionCacheSize = 4096
const frameSize = 4096
/** Lengths up to this are read without asking how much memory there is. */
const plausible = 2 ** 20

/** Where all memory is mapped in a row, from frame 0 on: a page there is a frame, by definition (__pa). */
export interface DirectMap {
  readonly first: Page
  readonly count: number
}

/**
 * The virtual address space of a kernel, by its page tables.
 *
 * Inside, an address is its page number (address / 4096, at most 52 bits, an exact double) and an offset, so that
 * hot loops make no bigint. The translation cache must be dropped with `invalidate` when the guest has run.
 */
export class AddressSpace implements VirtualMemory {
  readonly memory: PhysicalMemory
  readonly root: Physical
  readonly format: PageTableFormat
  // Direct-mapped: page number + 1 -> position of its frame, as `PhysicalMemory.locate` gives it: 0 is none, so that a space
  // that is hardly used costs no megabyte. Pairs lie together, so that a hit costs one cache line.
  readonly #cache = new Float64Array(cacheSize * 2)
  // What 512 last entries map (2 MiB on x86-64), + 1 -> position of those entries, so that most misses cost one read; of a
  // huge page -1 - its first frame.
  readonly #regionTags = new Float64Array(regionCacheSize)
  readonly #regionTables = new Float64Array(regionCacheSize)
  /** Of the memory when something was last remembered of it. */
  #generation: number | undefined
  #isEmpty = true
  #direct: DirectMap | undefined
  #isBridged = false
  #translated = 0
  #failure: Problem | undefined

  constructor(memory: PhysicalMemory, root: Physical, format: PageTableFormat) {
    this.memory = memory
    this.root = root
    this.format = format
  }

  /** Lets pages of the direct map be found where this memory lacks a table of it. */
  set direct(direct: DirectMap) {
    this.#direct = direct
  }

  /** A table of the direct map was missing, and done without. */
  get isBridged(): boolean {
    return this.#isBridged
  }

  /** Position of the page's bytes (window index * 2^32 + offset), or -1; `problemAt` then says why. */
  locate(page: Page): Position {
    const slot = (page & (cacheSize - 1)) * 2
    if (this.#cache[slot] === page + 1 && this.memory.generation === this.#generation) {
      return this.#cache[slot + 1] as Position
    }
    const frame = this.#walk(page)
    if (frame < 0) return nowhere
    const position = this.memory.locate(frame)
    if (position >= 0) {
      this.#translated++
      // A bridged page is remembered here only.
      this.#isEmpty = false
      this.#cache[slot] = page + 1
      this.#cache[slot + 1] = position
    }
    return position
  }

  /** Pages read so far; one that the cache had to give up counts again. */
  get pagesRead(): number {
    return this.#translated
  }

  /** Physical frame of a page, or -1. */
  frameOf(page: Page): Frame {
    return this.#walk(page)
  }

  /** Physical address, or the reason why there is none. */
  translate(address: bigint): { readonly physical: Physical } | { readonly problem: Problem } {
    const page = pageOf(address)
    const frame = this.#walk(page)
    if (frame < 0) return { problem: this.problemAt(address) }
    return { physical: asPhysical(frame * 4096 + Number(address & 0xfffn)) }
  }

  /**
   * Which of `count` pages from page number `first` on are mapped, in order. Parts of the upper tables that are absent
   * cost one look, so that 4 GiB with few pages take microseconds. `problem` is the first table that this memory
   * does not hold; pages below it are not in the answer.
   */
  presentPages(first: Page, count: number): PresentPages {
    return presentPages(this, first, count)
  }

  /** Levels of page tables. */
  get levels(): number {
    return this.format.levels
  }

  problemAt(address: bigint): Problem {
    const page = pageOf(address)
    this.#failure = undefined
    const frame = this.#walkLevels(page, address)
    if (frame < 0) return this.#failure ?? { kind: 'non-canonical', address }
    return { kind: 'absent', address, physical: asPhysical(frame * 4096 + Number(address & 0xfffn)) }
  }

  invalidate(): void {
    if (!this.#isEmpty) {
      this.#cache.fill(0)
      this.#regionTags.fill(0)
      this.#isEmpty = true
    }
    this.#generation = this.memory.generation
  }

  #walk(page: Page): Frame {
    if (this.memory.generation !== this.#generation) this.invalidate()
    const { format } = this
    const { pageShift } = format
    const region = Math.floor(page / (frameEntries << pageShift))
    const slot = region & (regionCacheSize - 1)
    if (this.#regionTags[slot] === region + 1) {
      const table = this.#regionTables[slot] as number
      if (table < 0) return (-1 - table + (page & ((frameEntries << pageShift) - 1))) as Frame
      const window = this.memory.windows[Math.floor(table / 2 ** 32)]
      if (window === undefined) return noFrame
      const at = (table >>> 0) + ((page >>> pageShift) & (frameEntries - 1)) * 8
      const low = window.view.getUint32(at, true)
      if ((low & 1) === 0) return noFrame
      return (format.frame(low, window.view.getUint32(at + 4, true)) +
        (page & ((1 << pageShift) - 1))) as Frame
    }
    return this.#walkLevels(page, undefined)
  }

  /** `address` is given when the caller wants the reason for a failure. */
  #walkLevels(page: Page, address: bigint | undefined): Frame {
    const { format, memory } = this
    const { levels, stride, pageShift } = format
    if (!isCanonical(page, format)) {
      if (address !== undefined) this.#failure = { kind: 'non-canonical', address }
      return noFrame
    }
    let table = frameAt(this.root)
    for (let level = levels - 1; level >= 0; level--) {
      const span = 2 ** (stride * level + pageShift)
      const index = Math.floor(page / span) % 2 ** (level === levels - 1 ? format.rootStride : stride)
      // Tables of 16 and 64 KiB lie in several of our frames.
      const position = memory.locate((table + Math.floor(index / frameEntries)) as Frame)
      const window =
        position < 0 ? undefined : (memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow)
      if (window === undefined) {
        const direct = this.#direct
        if (direct !== undefined && page >= direct.first && page < direct.first + direct.count) {
          this.#isBridged = true
          return (page - direct.first) as Frame
        }
        if (address !== undefined) {
          const physical = asPhysical(table * 4096 + index * 8)
          this.#failure = { kind: 'absent', address, physical, table: format.names[level] as PageTableLevel }
        }
        return noFrame
      }
      if (level === 0) this.#remember(page, position)
      const at = (position >>> 0) + (index % frameEntries) * 8
      const low = window.view.getUint32(at, true)
      if ((low & 1) === 0) {
        if (address !== undefined) {
          this.#failure = { kind: 'not-present', address, level: format.names[level] as PageTableLevel }
        }
        return noFrame
      }
      table = format.frame(low, window.view.getUint32(at + 4, true))
      if (level === 0) return (table + (page % span)) as Frame
      if (format.isBlock(low, level)) {
        // The low bits of a huge entry's frame are flags, the page number supplies them.
        const frame = (table - (table % span) + (page % span)) as Frame
        this.#remember(page, -1 - (frame - (page % (frameEntries << pageShift))))
        return frame
      }
    }
    return noFrame
  }

  #remember(page: Page, place: number): void {
    const region = Math.floor(page / (frameEntries << this.format.pageShift))
    const slot = region & (regionCacheSize - 1)
    this.#regionTags[slot] = region + 1
    this.#isEmpty = false
    this.#regionTables[slot] = place
  }

  read(address: bigint, length: number): ReadResult {
    if (length > plausible && length > this.#total()) {
      return { ok: false, bytes: new Uint8Array(), problem: { kind: 'too-long', address, length } }
    }
    // Room for much is made only where there is as much to read.
    const there = length > plausible ? this.#readable(address, length) : length
    const missing = there < length ? this.problemAt(address + BigInt(there)) : undefined
    const bytes = new Uint8Array(there)
    let page = pageOf(address)
    let within = Number(address & 0xfffn)
    let done = 0
    let position = there > 0 ? this.locate(page) : nowhere
    while (done < there) {
      if (position < 0) {
        return { ok: false, bytes: bytes.subarray(0, done), problem: this.problemAt(address + BigInt(done)) }
      }
      const { generation } = this.memory
      const window = this.memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow
      const from = (position >>> 0) + within
      let count = 4096 - within
      // Pages that lie one behind the other are copied at once.
      let next = nowhere
      while (count < there - done) {
        page = (page === lastPage ? 0 : page + 1) as Page
        next = this.locate(page)
        if (next !== position + within + count || this.memory.generation !== generation) break
        count += 4096
      }
      count = Math.min(count, there - done)
      bytes.set(window.bytes.subarray(from, from + count), done)
      done += count
      within = 0
      position = next
    }
    // Pages of a guest that runs may have come since.
    return missing === undefined ? { ok: true, bytes } : { ok: false, bytes, problem: missing }
  }

  /** How many bytes there are before the first page that is missing. */
  #readable(address: bigint, length: number): number {
    let page = pageOf(address)
    for (let there = frameSize - Number(address & 0xfffn); ; there += frameSize) {
      if (this.locate(page) < 0) return Math.max(0, there - frameSize)
      if (there >= length) return length
      page = (page === lastPage ? 0 : page + 1) as Page
    }
  }

  /** Bytes that the source holds in all: nothing that is longer can be read. */
  #total(): number {
    return this.memory.ranges.reduce((sum, range) => sum + range.length, 0)
  }

  /**
   * Writes to memory that is there. Nothing is written when a page of it is missing, which throws MemoryFault, or when
   * the source cannot be written, which throws 'state'.
   */
  write(address: bigint, bytes: Uint8Array): void {
    const { memory } = this
    if (memory.write === undefined) {
      throw new CryoscopeError(
        'state',
        `${memory.description} cannot be written; only the memory of a frozen guest can`,
      )
    }
    const pieces: { physical: Physical; bytes: Uint8Array }[] = []
    for (let done = 0; done < bytes.length; ) {
      const at = BigInt.asUintN(64, address + BigInt(done))
      const count = Math.min(4096 - Number(at & 0xfffn), bytes.length - done)
      const place = this.translate(at)
      if ('problem' in place) throw new MemoryFault(place.problem)
      if (memory.locate(frameAt(place.physical)) < 0) throw new MemoryFault(this.problemAt(at))
      pieces.push({ physical: place.physical, bytes: bytes.subarray(done, done + count) })
      done += count
    }
    for (const piece of pieces) memory.write(piece.physical, piece.bytes)
  }

  /** The bytes, or a MemoryFault. */
  bytes(address: bigint, length: number): Uint8Array {
    const result = this.read(address, length)
    if (!result.ok) throw new MemoryFault(result.problem)
    return result.bytes
  }

  u8(address: bigint): number {
    const view = this.#scalar(address, 1)
    return view.getUint8(this.#at)
  }

  u16(address: bigint): number {
    const view = this.#scalar(address, 2)
    return view.getUint16(this.#at, true)
  }

  u32(address: bigint): number {
    const view = this.#scalar(address, 4)
    return view.getUint32(this.#at, true)
  }

  i32(address: bigint): number {
    const view = this.#scalar(address, 4)
    return view.getInt32(this.#at, true)
  }

  u64(address: bigint): bigint {
    const view = this.#scalar(address, 8)
    return view.getBigUint64(this.#at, true)
  }

  /** Text up to a NUL or the limit (bytes); bytes that are not UTF-8 read as `\xHH`. */
  text(address: bigint, limit: number): string {
    const parts: Uint8Array[] = []
    let done = 0
    while (done < limit) {
      const within = Number((address + BigInt(done)) & 0xfffn)
      const count = Math.min(4096 - within, limit - done)
      const piece = this.bytes(address + BigInt(done), count)
      const end = piece.indexOf(0)
      if (end >= 0) {
        parts.push(piece.subarray(0, end))
        break
      }
      parts.push(piece)
      done += count
    }
    return decodeText(Buffer.concat(parts))
  }

  #at = 0
  readonly #scratch = new DataView(new ArrayBuffer(8))

  #scalar(address: bigint, size: number): DataView {
    const within = Number(address & 0xfffn)
    if (within + size > 4096) {
      const bytes = this.bytes(address, size)
      for (let i = 0; i < size; i++) this.#scratch.setUint8(i, bytes[i] as number)
      this.#at = 0
      return this.#scratch
    }
    const position = this.locate(pageOf(address))
    if (position < 0) throw new MemoryFault(this.problemAt(address))
    this.#at = (position >>> 0) + within
    return (this.memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow).view
  }
}

const lastPage = 2 ** 52 - 1
const nowhere = -1 as Position
const noFrame = -1 as Frame

/** Page number of a 64-bit address. */
export function pageOf(address: bigint): Page {
  return Number(BigInt.asUintN(64, address) >> 12n) as Page
}
