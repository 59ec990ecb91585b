import { CryoscopeError, quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { asFarAsRead } from '../kernel/struct-reader.js'

/** How to find the caller's frame from one place in the code (arch/x86/include/asm/orc_types.h). */
export interface OrcEntry {
  readonly spOffset: number
  readonly bpOffset: number
  /** ORC_REG_*, by the numbers of `orcRegister` whatever the kernel's are. */
  readonly spRegister: number
  readonly bpRegister: number
  /** ORC_TYPE_*. */
  readonly type: number
  readonly isSignal: boolean
}

export const orcRegister = {
  undefined: 0,
  previousSp: 1,
  dx: 2,
  di: 3,
  bp: 4,
  sp: 5,
  r10: 6,
  r13: 7,
  bpIndirect: 8,
  spIndirect: 9,
  ax: 10,
  unknown: 11,
} as const

type Register = (typeof orcRegister)[keyof typeof orcRegister]

const r = orcRegister
/** What numbers in entries mean: those above up to Linux 7.0, then in another order (asm/orc_types.h of either). */
const earlier: readonly Register[] = [
  r.undefined,
  r.previousSp,
  r.dx,
  r.di,
  r.bp,
  r.sp,
  r.r10,
  r.r13,
  r.bpIndirect,
  r.spIndirect,
]
const later: readonly Register[] = [
  r.undefined,
  r.ax,
  r.dx,
  r.sp,
  r.bp,
  r.di,
  r.r10,
  r.r13,
  r.previousSp,
  r.spIndirect,
  r.bpIndirect,
]
/** Entries that are looked at to tell which. */
const sampled = 512

export const orcType = { undefined: 0, endOfStack: 1, call: 2, registers: 3, partialRegisters: 4 } as const

/** Entries of a frame pointer prologue: what the kernel falls back to outside of its tables. */
export const framePointerEntry: OrcEntry = {
  spOffset: 16,
  bpOffset: -16,
  spRegister: orcRegister.bp,
  bpRegister: orcRegister.previousSp,
  type: orcType.call,
  isSignal: false,
}

/** Of a call to address 0 (arch/x86/kernel/unwind_orc.c, null_orc_entry): only the return address was pushed. */
export const nullCallEntry: OrcEntry = {
  spOffset: 8,
  bpOffset: 0,
  spRegister: orcRegister.sp,
  bpRegister: orcRegister.undefined,
  type: orcType.call,
  isSignal: false,
}

/** No kernel image has more entries. */
const entryLimit = 64_000_000

/** Places that are remembered. */
const mostFound = 10_000

const tables = new WeakMap<Kernel, OrcTable>()

/** The unwind table of the kernel image. */
export class OrcTable {
  readonly #kernel: Kernel
  readonly #ips: bigint
  readonly #entries: bigint
  readonly #count: number
  readonly #size: number
  readonly #registers: readonly Register[]
  readonly #found = new Map<bigint, OrcEntry | undefined>()

  /** The table of a kernel, made once: it does not change, and tasks return to the same few places. */
  static of(kernel: Kernel): OrcTable {
    let table = tables.get(kernel)
    if (table === undefined) {
      table = new OrcTable(kernel)
      tables.set(kernel, table)
    }
    return table
  }

  /** Throws CryoscopeError where the kernel is built without ORC, or its entries look otherwise than known here. */
  constructor(kernel: Kernel) {
    const layout = kernel.layouts.find('orc_entry')
    const isKnown = ['sp_offset', 'bp_offset', 'sp_reg', 'bp_reg', 'type', 'signal'].every((name) =>
      layout?.has(name),
    )
    if (layout === undefined || !isKnown)
      throw new CryoscopeError(
        'unreadable',
        asFarAsRead(kernel.types, 'this kernel has no ORC unwind tables that are known here'),
      )
    this.#kernel = kernel
    this.#size = layout.size
    this.#ips = kernel.symbol('__start_orc_unwind_ip')
    this.#entries = kernel.symbol('__start_orc_unwind')
    const count = Number(kernel.symbol('__stop_orc_unwind_ip') - this.#ips) / 4
    if (!(count > 0 && count <= entryLimit))
      throw new CryoscopeError('unreadable', `${count} entries of ORC cannot be`)
    this.#count = Math.floor(count)
    this.#registers = this.#numbering()
  }

  /** Most functions find their caller's frame from sp alone, and hardly any from di: its number tells all others. */
  #numbering(): readonly Register[] {
    let [ofEarlier, ofLater] = [0, 0]
    const step = Math.max(1, Math.floor(this.#count / sampled))
    for (let i = 0; i < this.#count; i += step) {
      // Of a dump that lacks pages the others tell.
      const number = quietly(() => {
        const entry = this.#kernel.struct('orc_entry', this.#entries + BigInt(i * this.#size))
        return entry.number('type') === orcType.call ? entry.number('sp_reg') : undefined
      })
      if (number === undefined) continue
      if (earlier[number] === r.sp) ofEarlier++
      if (later[number] === r.sp) ofLater++
    }
    return ofLater > ofEarlier ? later : earlier
  }

  /** The entry that covers an address of the image; undefined outside of its text. */
  find(ip: bigint): OrcEntry | undefined {
    if (!this.#found.has(ip)) {
      if (this.#found.size > mostFound) this.#found.clear()
      this.#found.set(ip, this.#search(ip))
    }
    return this.#found.get(ip)
  }

  #search(ip: bigint): OrcEntry | undefined {
    if (ip < this.#address(0)) return undefined
    const last = this.#kernel.findSymbol('_einittext') ?? this.#kernel.findSymbol('_etext')
    if (last === undefined || ip >= last) return undefined
    return this.#read(searchOrc((i) => this.#address(i), this.#count, ip))
  }

  /** The same of tables elsewhere: a module's. */
  findIn(ips: bigint, entries: bigint, count: number, ip: bigint): OrcEntry | undefined {
    if (count <= 0 || count > entryLimit) return undefined
    const index = searchOrc((i) => relative(this.#kernel, ips, i), count, ip)
    return index < 0
      ? undefined
      : readEntry(this.#kernel, entries + BigInt(index * this.#size), this.#registers)
  }

  #address(index: number): bigint {
    return relative(this.#kernel, this.#ips, index)
  }

  #read(index: number): OrcEntry | undefined {
    return index < 0
      ? undefined
      : readEntry(this.#kernel, this.#entries + BigInt(index * this.#size), this.#registers)
  }
}

/** Each address is kept relative to its own place. */
function relative(kernel: Kernel, table: bigint, index: number): bigint {
  const at = table + BigInt(index * 4)
  return BigInt.asUintN(64, at + BigInt(kernel.space.i32(at)))
}

/** Index of the last address at or below `ip`, -1 before the first. */
function searchOrc(address: (index: number) => bigint, count: number, ip: bigint): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (address(middle) <= ip) low = middle + 1
    else high = middle
  }
  return low - 1
}

function readEntry(kernel: Kernel, address: bigint, registers: readonly Register[]): OrcEntry {
  const entry = kernel.struct('orc_entry', address)
  const named = (member: string): Register => registers[entry.number(member)] ?? r.unknown
  return {
    spOffset: entry.number('sp_offset'),
    bpOffset: entry.number('bp_offset'),
    spRegister: named('sp_reg'),
    bpRegister: named('bp_reg'),
    type: entry.number('type'),
    isSignal: entry.number('signal') !== 0,
  }
}
