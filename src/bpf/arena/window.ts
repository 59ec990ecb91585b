import { asPage, asPosition, type Frame, type Position } from '../../brands.js'
import type { Kernel } from '../../kernel/kernel.js'
import { type AddressSpace, pageOf } from '../../memory/address-space.js'
import { describeProblem, type MemoryWindow } from '../../memory/types.js'
import { type Problem, Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'

const pageSize = 4096
const two32 = 2 ** 32
/** Half of GUARD_SZ in kernel/bpf/arena.c: 16-bit displacements, rounded up to two pages. */
const guardHalf = 0x8000n
/** Stored pointers are zero-extended low words (BPF_F_NO_USER_CONV). */
const noUserConversion = 1 << 18

/** How an arena pointer is stored: as user space has it, as its low 32 bits, or as the kernel's own address. */
export type PointerForm = 'user' | 'low32' | 'kernel'

/** What is known of a page of an arena. */
export type PageState = 'present' | 'none' | 'unreadable'

/**
 * Where an arena lies and how its pointers are read (struct bpf_arena, kernel/bpf/arena.c).
 *
 * A *place* is the low 32 bits of an arena address. The kernel lets no arena cross 4 GiB, so places are unique in one, and
 * the byte at a place is at kernelStart + place. Places are plain numbers: walks make no bigint.
 */
export class ArenaWindow {
  readonly userStart: bigint
  /** First address behind the window. */
  readonly userEnd: bigint
  /** The kernel's address of place 0; 0n when it cannot be told. */
  readonly kernelStart: bigint
  /** Pages the map may have. */
  readonly declaredPages: number
  /** Low words alone are how pointers are stored here. */
  readonly storesLowWords: boolean
  /** Place of the first page. */
  readonly first: number
  /** Bytes. */
  readonly length: number
  /** Oddities of its own struct. */
  readonly problems: readonly Problem[]
  readonly #space: AddressSpace
  readonly #basePage: number
  readonly #userHigh: number
  readonly #kernelHigh: number
  readonly #kernelLow: number

  constructor(kernel: Kernel, info: MapInfo) {
    const problems = new Problems()
    const arena = kernel.struct('bpf_arena', info.address - BigInt(mapOffset(kernel)))
    this.#space = kernel.space
    this.userStart = arena.integer('user_vm_start')
    const declaredEnd = arena.integer('user_vm_end')
    this.storesLowWords = (info.flags & noUserConversion) !== 0
    this.declaredPages = Math.min(info.maxEntries, two32 / pageSize)
    if (info.maxEntries > two32 / pageSize) {
      problems.add('window', `it claims ${info.maxEntries} pages; an arena ends at 4 GiB`)
    }
    const room = two32 - Number(this.userStart & 0xffffffffn)
    let length = this.declaredPages * pageSize
    if (this.userStart === 0n) {
      problems.add('window', 'it has no user address yet: nothing mapped it, and no map_extra was given')
      length = 0
    } else if (length > room) {
      problems.add(
        'window',
        `its ${this.declaredPages} pages from 0x${this.userStart.toString(16)} on cross 4 GiB`,
      )
      length = room
    } else if (declaredEnd !== this.userStart + BigInt(length)) {
      problems.add(
        'window',
        `user_vm_end is 0x${declaredEnd.toString(16)}, which does not fit ${this.declaredPages} pages`,
      )
    }
    this.length = length
    this.userEnd = this.userStart + BigInt(length)
    this.first = Number(this.userStart & 0xffffffffn)
    this.kernelStart = kernelStart(kernel, arena.pointer('kern_vm'), problems)
    this.#basePage = pageOf(this.kernelStart)
    this.#userHigh = Number(this.userStart >> 32n)
    this.#kernelHigh = Number(this.kernelStart >> 32n)
    this.#kernelLow = Number(this.kernelStart & 0xffffffffn)
    this.problems = problems.list
  }

  /** How a value would be an arena pointer; undefined when it is none. `low32` only where there is a page. */
  formOf(value: bigint): PointerForm | undefined {
    const low = Number(value & 0xffffffffn)
    const high = Number(value >> 32n)
    if (high === this.#userHigh && this.holds(low)) return 'user'
    if (high === 0 && low !== 0 && this.isPresent(low)) return 'low32'
    return this.#kernelPlace(low, high) < 0 ? undefined : 'kernel'
  }

  /** The place that a pointer of this value means, in whatever form; -1 when it is outside. */
  placeOf(value: bigint): number {
    return this.placeOfWords(Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn))
  }

  /** The same for the two halves of a pointer. */
  placeOfWords(low: number, high: number): number {
    if (high === this.#userHigh || high === 0) return this.holds(low) ? low : -1
    return this.#kernelPlace(low, high)
  }

  /** The place that any eight bytes mean which may as well be no pointer: the form that this arena stores, and no other. */
  likelyPlace(low: number, high: number): number {
    if (high === this.#userHigh && high !== 0) return this.holds(low) ? low : -1
    if (this.storesLowWords && high === 0 && low >= pageSize && this.isPresent(low)) return low
    return -1
  }

  holds(place: number): boolean {
    return place >= this.first && place < this.first + this.length
  }

  userAddress(place: number): bigint {
    return (BigInt(this.#userHigh) << 32n) + BigInt(place)
  }

  kernelAddress(place: number): bigint {
    return this.kernelStart + BigInt(place)
  }

  /** Whether a place has memory: `unreadable` where this memory does not hold the page, or what would tell. */
  pageAt(place: number): PageState {
    if (!this.holds(place)) return 'none'
    if (this.#locate(place) >= 0) return 'present'
    if (this.kernelStart === 0n) return 'unreadable'
    const found = this.#space.translate(this.kernelAddress(place))
    return 'problem' in found && found.problem.kind !== 'absent' ? 'none' : 'unreadable'
  }

  /** Whether the page is mapped and this memory holds it. */
  isPresent(place: number): boolean {
    return this.holds(place) && this.#locate(place) >= 0
  }

  /** Bytes at a place: a view where they lie in one page, otherwise a copy. Undefined when a page is missing. */
  bytes(place: number, length: number): Uint8Array | undefined {
    if (place < 0 || length > this.length) return undefined
    const within = place % pageSize
    if (within + length > pageSize) {
      const result = this.#space.read(this.kernelAddress(place), length)
      return result.ok ? result.bytes : undefined
    }
    const position = this.#locate(place)
    if (position < 0) return undefined
    const from = (position >>> 0) + within
    return this.#windowAt(position).bytes.subarray(from, from + length)
  }

  /** Calls back with the bytes of one page and where they begin; false when the page is missing. For hot loops. */
  inPage(place: number, use: (view: DataView, bytes: Uint8Array, offset: number) => void): boolean {
    const position = this.#locate(place)
    if (position < 0) return false
    const { view, bytes } = this.#windowAt(position)
    use(view, bytes, (position >>> 0) + (place % pageSize))
    return true
  }

  /** A u32; undefined when its page is missing. */
  u32(place: number): number | undefined {
    const bytes = this.bytes(place, 4)
    return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  }

  u64(place: number): bigint | undefined {
    const bytes = this.bytes(place, 8)
    return bytes === undefined
      ? undefined
      : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  }

  /** Why bytes at a place cannot be had. */
  reason(place: number, length = 1): string {
    if (!this.holds(place)) return `0x${this.userAddress(place).toString(16)} is outside the arena`
    const result = this.#space.read(this.kernelAddress(place), Math.min(length, this.length))
    return result.ok ? 'it is readable' : describeProblem(result.problem)
  }

  /** Page numbers of the mapped pages, counted from the start of the window. */
  presentPages(): { readonly pages: number[]; readonly problem: string | undefined } {
    if (this.kernelStart === 0n || this.length === 0) return { pages: [], problem: undefined }
    const first = asPage(this.#basePage + this.first / pageSize)
    const { pages, problem } = this.#space.presentPages(first, this.length / pageSize)
    return {
      pages: pages.map((page) => page - first),
      problem: problem === undefined ? undefined : describeProblem(problem),
    }
  }

  /** Physical frame of a page that `presentPages` gave. */
  frameOf(page: number): Frame {
    return this.#space.frameOf(asPage(this.#basePage + this.first / pageSize + page))
  }

  #kernelPlace(low: number, high: number): number {
    if (this.kernelStart === 0n) return -1
    const place = (high - this.#kernelHigh) * two32 + (low - this.#kernelLow)
    return this.holds(place) ? place : -1
  }

  #locate(place: number): Position {
    if (this.kernelStart === 0n) return asPosition(-1)
    return this.#space.locate(asPage(this.#basePage + Math.floor(place / pageSize)))
  }

  #windowAt(position: Position): MemoryWindow {
    return this.#space.memory.windows[Math.floor(position / two32)] as MemoryWindow
  }
}

/** Where struct bpf_map lies in struct bpf_arena. */
export function mapOffset(kernel: Kernel): number {
  return kernel.layouts.get('bpf_arena').offset('map')
}

/** kern_vm is an area of 4 GiB with half a guard on either side. */
function kernelStart(kernel: Kernel, area: bigint, problems: Problems): bigint {
  if (area === 0n) {
    problems.add('window', 'it has no kernel area (kern_vm is null)')
    return 0n
  }
  const vm = kernel.struct('vm_struct', area)
  const address = vm.pointer('addr')
  const size = vm.has('size') ? vm.integer('size') : 0n
  const expected = 2n ** 32n + 2n * guardHalf
  // The kernel adds a page of its own behind most areas.
  if (size !== 0n && size !== expected && size !== expected + 4096n) {
    problems.add(
      'window',
      `its kernel area has 0x${size.toString(16)} bytes, not 4 GiB and a guard of 64 KiB`,
    )
  }
  if (address % 4096n !== 0n || address < 2n ** 63n) {
    problems.add('window', `its kernel area starts at 0x${address.toString(16)}, which cannot be`)
    return 0n
  }
  return address + guardHalf
}
