import { asPhysical, type Physical } from '../../src/brands.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { x86PageTables } from '../../src/memory/page-tables.js'
import { ArrayMemory } from './array-memory.js'

export type PageSize = '4K' | '2M' | '1G'

export interface MapOptions {
  readonly size?: PageSize
  /** More bits of the last entry: PAT, NX, accessed … */
  readonly flags?: bigint
}

export interface GuestOptions {
  /** Bytes of memory; 8 MiB unless told. */
  readonly memory?: number
  /** Depth of the page tables; 4 unless told. */
  readonly levels?: 4 | 5
  /** Bytes at the start of memory from which no frames are handed out. */
  readonly reserved?: number
  /** Where the top page table lies; in a frame of its own unless told. */
  readonly root?: Physical
  /** Each thing in pages of its own, so that one can be lost without the others. */
  readonly apart?: boolean
}

const present = 1n
const writable = 2n
const hugePage = 0x80n
/** What the level of a page's last entry is, counted from the page tables of 4 KiB pages up. */
const lastLevels: Readonly<Record<PageSize, number>> = { '4K': 0, '2M': 1, '1G': 2 }

/** Where `alloc` places things: the kernel's vmalloc area with 4 levels. */
const heapStart = 0xffffc90000000000n

/**
 * A guest made byte by byte: physical memory, page tables of x86-64 and things at virtual addresses.
 *
 * Frames are handed out from the end of memory down, so that neighbouring virtual pages never are neighbours in
 * physical memory: a reader that forgets to translate each page reads the wrong bytes.
 *
 *     const guest = new GuestBuilder()
 *     const at = guest.alloc(8)
 *     guest.u64(at, 42n)
 *     guest.space().u64(at) // 42n
 */
export class GuestBuilder {
  readonly memory: ArrayMemory
  readonly levels: 4 | 5
  /** Physical address of the top page table. */
  readonly root: Physical
  #nextFrame: Physical
  readonly #reserved: number
  #heapEnd = heapStart
  #heapMapped = heapStart
  /** What `map` was told, to place bytes without walking the page tables. Page address -> physical. */
  readonly #pages = new Map<bigint, Physical>()
  /** What things are aligned to at least. */
  protected readonly alignment: number

  constructor({ memory = 8 * 2 ** 20, levels = 4, reserved = 0, root, apart }: GuestOptions = {}) {
    this.alignment = apart ? 4096 : 1
    this.memory = new ArrayMemory(memory)
    this.levels = levels
    this.#nextFrame = asPhysical(memory)
    this.#reserved = reserved
    this.root = root ?? this.frame()
  }

  /** A zeroed frame. */
  frame(): Physical {
    this.#nextFrame = asPhysical(this.#nextFrame - 4096)
    if (this.#nextFrame < this.#reserved) throw new Error('the test needs a guest with more memory')
    return this.#nextFrame
  }

  // Page tables

  /** Maps one page. Tables above it are made where they are missing. */
  map(virtual: bigint, physical: Physical, { size = '4K', flags = 0n }: MapOptions = {}): void {
    const last = lastLevels[size]
    const huge = last > 0 ? hugePage : 0n
    this.setEntry(virtual, last, BigInt(physical) | flags | huge | present | writable)
    for (let offset = 0n; offset < 4096n * 512n ** BigInt(last); offset += 4096n) {
      // Tests look at few pages of huge ones: those that memory holds.
      if (physical + Number(offset) >= this.memory.bytes.length) break
      this.#pages.set(virtual + offset, asPhysical(physical + Number(offset)))
    }
  }

  /** Takes the page away: its entry at that level (0 is the last of 4 KiB pages) is not present. */
  unmap(virtual: bigint, level = 0): void {
    this.setEntry(virtual, level, 0n)
  }

  /** Writes the entry of an address at a level, making the tables above it. */
  setEntry(virtual: bigint, level: number, value: bigint): void {
    this.memory.view.setBigUint64(this.entryAt(virtual, level), value, true)
  }

  /** Physical address of the entry that an address has at a level. */
  entryAt(virtual: bigint, level: number): Physical {
    const { view } = this.memory
    let table = this.root
    for (let at = this.levels - 1; ; at--) {
      const index = Number((virtual >> BigInt(12 + 9 * at)) & 511n)
      const entry = table + index * 8
      if (at === level) return asPhysical(entry)
      if (view.getBigUint64(entry, true) === 0n) {
        view.setBigUint64(entry, BigInt(this.frame()) | present | writable, true)
      }
      table = asPhysical(Number(view.getBigUint64(entry, true) & 0xffffffffff000n))
    }
  }

  /** Every page that was mapped: its virtual address and where it lies. */
  get pages(): Iterable<readonly [virtual: bigint, physical: Physical]> {
    return this.#pages
  }

  /** Where the bytes of a mapped virtual address are. */
  physicalOf(virtual: bigint): Physical {
    const page = this.#pages.get(virtual & ~0xfffn)
    if (page === undefined) throw new Error(`the test did not map 0x${virtual.toString(16)}`)
    return asPhysical(page + Number(virtual & 0xfffn))
  }

  /** A new view of the guest, with an empty translation cache. */
  space(): AddressSpace {
    return new AddressSpace(this.memory, this.root, x86PageTables(this.levels))
  }

  // Things in memory

  /** Room for an object, zeroed, at a virtual address. */
  alloc(size: number, align = 8): bigint {
    const at = roundUp(this.#heapEnd, BigInt(Math.max(align, this.alignment)))
    this.#heapEnd = at + BigInt(size)
    for (; this.#heapMapped < this.#heapEnd; this.#heapMapped += 4096n)
      this.map(this.#heapMapped, this.frame())
    return at
  }

  /** Whole pages, with a page that is not mapped behind them. */
  allocPages(count: number): bigint {
    const at = this.alloc(count * 4096, 4096)
    this.#heapEnd += 4096n
    this.#heapMapped = this.#heapEnd
    return at
  }

  write(virtual: bigint, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = virtual + BigInt(done)
      const count = Math.min(4096 - Number(at & 0xfffn), bytes.length - done)
      this.memory.bytes.set(bytes.subarray(done, done + count), this.physicalOf(at))
      done += count
    }
  }

  /** An integer of `size` bytes, negative ones too. */
  integer(virtual: bigint, value: bigint | number, size: number): void {
    const bytes = new Uint8Array(size)
    let rest = BigInt.asUintN(size * 8, BigInt(value))
    for (let i = 0; i < size; i++) {
      bytes[i] = Number(rest & 0xffn)
      rest >>= 8n
    }
    this.write(virtual, bytes)
  }

  u32(virtual: bigint, value: number): void {
    this.integer(virtual, value, 4)
  }

  u64(virtual: bigint, value: bigint): void {
    this.integer(virtual, value, 8)
  }

  /** Text with a NUL behind it. */
  text(virtual: bigint, text: string): void {
    this.write(virtual, Buffer.from(`${text}\0`))
  }

  /** The bytes that were written there. */
  bytesAt(virtual: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++)
      bytes[i] = this.memory.bytes[this.physicalOf(virtual + BigInt(i))] as number
    return bytes
  }
}

function roundUp(value: bigint, to: bigint): bigint {
  return ((value + to - 1n) / to) * to
}
