import { CryoscopeError } from '../../errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import type { VmcoreInfo } from './vmcoreinfo.js'

export interface KernelSymbol {
  readonly address: bigint
  /** nm's letter: t/T text, d/D data, b/B bss, r/R read-only. */
  readonly type: string
  readonly name: string
}

/** No kernel has more; a number above it is a broken read. */
const symbolLimit = 4_000_000
const nameLimit = 512
/** scripts/kallsyms.c writes a marker for every 256th name. */
const markerStride = 256

/**
 * The kernel's own symbol table (kernel/kallsyms.c, scripts/kallsyms.c), read in place: names are compressed with
 * 256 tokens, addresses are 32-bit offsets sorted by address. Nothing is decoded before it is asked for.
 */
export class Kallsyms {
  readonly count: number
  readonly #names: Uint8Array
  readonly #tokens: readonly Uint8Array[]
  readonly #offsets: Int32Array
  readonly #addressOf: (offset: number, index: number) => bigint
  /** Index of every name, by name; present when the kernel's own sorted index was found and checks out. */
  #byName: Uint8Array | undefined
  /** Position of every 256th name. */
  readonly #markers: Uint32Array
  #nameCache = new Map<string, KernelSymbol | undefined>()

  /** Throws CryoscopeError('unreadable') when the tables are not in memory or contradict each other. */
  static read(space: AddressSpace, info: VmcoreInfo): Kallsyms {
    return new Kallsyms(space, info)
  }

  private constructor(space: AddressSpace, info: VmcoreInfo) {
    const namesAt = required(info, 'kallsyms_names')
    const tableAt = required(info, 'kallsyms_token_table')
    const indexAt = required(info, 'kallsyms_token_index')
    const offsetsAt = required(info, 'kallsyms_offsets')
    const count = space.u32(required(info, 'kallsyms_num_syms'))
    if (count === 0 || count > symbolLimit) {
      throw new CryoscopeError(
        'unreadable',
        `the kernel's symbol table claims ${count} symbols, which cannot be`,
      )
    }
    this.count = count
    // What is read has a buffer of its own.
    this.#offsets = new Int32Array(space.bytes(offsetsAt, count * 4).buffer)
    this.#tokens = readTokens(space, tableAt, indexAt)

    const span = Number(tableAt - namesAt)
    if (span < count || span > count * nameLimit) {
      throw new CryoscopeError('unreadable', 'the kernel symbol names do not lie before their token table')
    }
    // The markers lie between the names and the token table, in the order in which kallsyms.c writes.
    this.#names = space.bytes(namesAt, span)
    const markerCount = Math.ceil(count / markerStride)
    this.#markers = findMarkers(this.#names, markerCount) ?? this.#ownMarkers(markerCount)

    // kallsyms_seqs_of_names follows the addresses, aligned to 8 or (from 7.3) 4; else its own symbol tells.
    const baseAt = info.symbol('kallsyms_relative_base')
    const after = baseAt === undefined ? offsetsAt + BigInt(count * 4) : baseAt + 8n
    const sorted =
      this.#sortedIndex(space, alignUp(after, 4n)) ?? this.#sortedIndex(space, alignUp(after, 8n))
    const stext = sorted === undefined ? this.#scanFor('_stext') : this.#search(sorted, '_stext')
    this.#addressOf = this.#addressing(space, info, offsetsAt, baseAt, stext)
    this.#byName = sorted ?? this.#namedSortedIndex(space)
  }

  #sortedIndex(space: AddressSpace, at: bigint): Uint8Array | undefined {
    const result = space.read(at, this.count * 3)
    return result.ok && this.#isSortedIndex(result.bytes) ? result.bytes : undefined
  }

  #namedSortedIndex(space: AddressSpace): Uint8Array | undefined {
    const index = this.#scanFor('kallsyms_seqs_of_names')
    return index === undefined ? undefined : this.#sortedIndex(space, this.address(index))
  }

  /**
   * Three encodings exist: relative to a base (before 7.0), relative to a base with absolute per-CPU symbols (offsets
   * that are negative are base - 1 - offset), and relative to each offset's own place (from 7.0). The one under which
   * _stext has the address that VMCOREINFO gives is right.
   */
  #addressing(
    space: AddressSpace,
    info: VmcoreInfo,
    offsetsAt: bigint,
    baseAt: bigint | undefined,
    index: number | undefined,
  ) {
    const candidates: ((offset: number, index: number) => bigint)[] = []
    if (baseAt === undefined) {
      candidates.push((offset, index) => BigInt.asUintN(64, offsetsAt + BigInt(4 * index) + BigInt(offset)))
    } else {
      const base = space.u64(baseAt)
      candidates.push((offset) => base + BigInt(offset >>> 0))
      candidates.push((offset) => (offset >= 0 ? BigInt(offset) : base - 1n - BigInt(offset)))
    }
    const known = info.symbol('_stext')
    if (known === undefined || index === undefined) {
      throw new CryoscopeError(
        'unreadable',
        'the kernel symbol table has no _stext to check its addresses with',
      )
    }
    const offset = this.#offsets[index] as number
    const right = candidates.find((addressOf) => addressOf(offset, index) === known)
    if (right === undefined) {
      throw new CryoscopeError(
        'unreadable',
        'the kernel symbol addresses are encoded in a way not known here (_stext differs from VMCOREINFO)',
      )
    }
    return right
  }

  /** The first symbol of that name in address order. */
  lookup(name: string): KernelSymbol | undefined {
    if (this.#nameCache.has(name)) return this.#nameCache.get(name)
    const index = this.#search(this.#sorted, name)
    const symbol = index === undefined ? undefined : this.at(index)
    this.#nameCache.set(name, symbol)
    return symbol
  }

  /** All symbols of that name, in address order (static functions share names). */
  all(name: string): KernelSymbol[] {
    const found: KernelSymbol[] = []
    const sorted = this.#sorted
    let place = this.#lowerBound(sorted, name)
    for (; place < this.count; place++) {
      const index = this.#sequence(sorted, place)
      if (this.#nameAt(index).slice(1) !== name) break
      found.push(this.at(index))
    }
    return found.sort((a, b) => (a.address < b.address ? -1 : 1))
  }

  /** The symbol that covers an address: the last one at or below it; the first of those that share an address. */
  at(index: number): KernelSymbol {
    const text = this.#nameAt(index)
    return { address: this.address(index), type: text.slice(0, 1), name: text.slice(1) }
  }

  address(index: number): bigint {
    return this.#addressOf(this.#offsets[index] as number, index)
  }

  lookupAddress(address: bigint): KernelSymbol | undefined {
    const last = this.#countWhere((own) => own <= address) - 1
    if (last < 0) return undefined
    const start = this.address(last)
    const first = this.#countWhere((own) => own < start)
    // Addresses that are damaged need not be sorted.
    return this.at(this.address(first) === start ? first : last)
  }

  /** How many symbols are where that holds: of addresses up to some one. */
  #countWhere(holds: (address: bigint) => boolean): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(this.address(middle))) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Every symbol, in address order. Decodes as it goes. */
  *[Symbol.iterator](): Generator<KernelSymbol> {
    let at = 0
    for (let i = 0; i < this.count; i++) {
      const text = this.#decode(at)
      yield { address: this.address(i), type: text.slice(0, 1), name: text.slice(1) }
      at = this.#next(at)
    }
  }

  /** Names that start with a prefix, sorted, for completion. */
  *startingWith(prefix: string): Generator<KernelSymbol> {
    const sorted = this.#sorted
    for (let place = this.#lowerBound(sorted, prefix); place < this.count; place++) {
      const symbol = this.at(this.#sequence(sorted, place))
      if (!symbol.name.startsWith(prefix)) return
      yield symbol
    }
  }

  /** The kernel's own index, or one made once where that is damaged: else every name asked for costs a pass over all. */
  get #sorted(): Uint8Array {
    this.#byName ??= this.#ownIndex()
    return this.#byName
  }

  #ownIndex(): Uint8Array {
    const names: string[] = []
    let at = 0
    for (let i = 0; i < this.count; i++) {
      names.push(this.#decode(at).slice(1))
      at = this.#next(at)
    }
    const order = Uint32Array.from(names, (_, i) => i).sort((a, b) => {
      const [left, right] = [names[a] as string, names[b] as string]
      return left < right ? -1 : left > right ? 1 : a - b
    })
    const index = new Uint8Array(this.count * 3)
    for (let place = 0; place < order.length; place++) {
      const value = order[place] as number
      index[place * 3] = value >>> 16
      index[place * 3 + 1] = value >>> 8
      index[place * 3 + 2] = value
    }
    return index
  }

  #search(sorted: Uint8Array, name: string): number | undefined {
    let place = this.#lowerBound(sorted, name)
    let best: number | undefined
    // Equal names are few and not sorted by address: the lowest index is the lowest address.
    for (; place < this.count; place++) {
      const index = this.#sequence(sorted, place)
      if (this.#nameAt(index).slice(1) !== name) break
      if (best === undefined || index < best) best = index
    }
    return best
  }

  #lowerBound(sorted: Uint8Array, name: string): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#nameAt(this.#sequence(sorted, middle)).slice(1) < name) low = middle + 1
      else high = middle
    }
    return low
  }

  #scanFor(name: string): number | undefined {
    let at = 0
    for (let i = 0; i < this.count; i++) {
      if (this.#decode(at).slice(1) === name) return i
      at = this.#next(at)
    }
    return undefined
  }

  /**
   * Samples of the candidate must differ and be in order, and it must find _stext; a wrong place in memory fails at
   * once. Then every entry must be a symbol.
   */
  #isSortedIndex(bytes: Uint8Array): boolean {
    let previous = ''
    let previousIndex = -1
    const step = Math.max(1, Math.floor(this.count / 24))
    for (let place = 0; place < this.count; place += step) {
      const index = this.#sequence(bytes, place)
      if (index === previousIndex) return false
      const name = this.#nameAt(index).slice(1)
      if (name < previous) return false
      previous = name
      previousIndex = index
    }
    return holdsOnly(bytes, this.count) && this.#search(bytes, '_stext') !== undefined
  }

  /** Entry of kallsyms_seqs_of_names: three bytes, big endian. */
  #sequence(bytes: Uint8Array, place: number): number {
    const at = place * 3
    const index = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    // Sampled before all of them are checked.
    return Math.min(index, this.count - 1)
  }

  #nameAt(index: number): string {
    const from = index - (index % markerStride)
    let at = this.#markers[from / markerStride] as number
    for (let i = from; i < index; i++) at = this.#next(at)
    return this.#decode(at)
  }

  #ownMarkers(count: number): Uint32Array {
    const markers = new Uint32Array(count)
    let at = 0
    for (let i = 0; i < this.count; i++) {
      if (i % markerStride === 0) markers[i / markerStride] = at
      at = this.#next(at)
    }
    return markers
  }

  /** Position after the name at `at`. A name is a length (one byte, or two when bit 7 is set) and that many tokens. */
  #next(at: number): number {
    const names = this.#names
    const first = names[at] ?? 0
    if ((first & 0x80) === 0) return at + 1 + first
    return at + 2 + ((first & 0x7f) | ((names[at + 1] ?? 0) << 7))
  }

  #decode(at: number): string {
    const end = Math.min(this.#next(at), this.#names.length)
    let from = at + (((this.#names[at] ?? 0) & 0x80) === 0 ? 1 : 2)
    let length = 0
    for (; from < end; from++) {
      const token = this.#tokens[this.#names[from] as number] as Uint8Array
      for (let i = 0; i < token.length && length < nameLimit; i++) nameBuffer[length++] = token[i] as number
    }
    return nameBuffer.toString('latin1', 0, length)
  }
}

const nameBuffer = Buffer.alloc(nameLimit)

function readTokens(space: AddressSpace, tableAt: bigint, indexAt: bigint): Uint8Array[] {
  const index = new Uint16Array(space.bytes(indexAt, 512).buffer)
  // The last token is at most a name long and ends before the index.
  const size = Math.min((index[255] as number) + nameLimit, Number(BigInt.asUintN(32, indexAt - tableAt)))
  const table = space.bytes(tableAt, size)
  return Array.from(index, (start) => {
    const end = table.indexOf(0, start)
    return end < start ? new Uint8Array() : table.subarray(start, end)
  })
}

/** The markers are the last thing before the token table, whose alignment may leave up to 4 bytes between. */
function findMarkers(names: Uint8Array, count: number): Uint32Array | undefined {
  for (const gap of [0, 4]) {
    const start = names.length - gap - count * 4
    if (start < 0) continue
    const markers = new Uint32Array(names.slice(start, start + count * 4).buffer)
    if (areMarkers(markers, start)) return markers
  }
  return undefined
}

function areMarkers(markers: Uint32Array, limit: number): boolean {
  if (markers[0] !== 0) return false
  for (let i = 1; i < markers.length; i++) {
    const length = (markers[i] as number) - (markers[i - 1] as number)
    if (length < markerStride || (markers[i] as number) >= limit) return false
  }
  return true
}

/** Whether every three-byte number is below the limit. Nearly all are settled by their first byte. */
function holdsOnly(bytes: Uint8Array, limit: number): boolean {
  const high = limit >>> 16
  for (let at = 0; at < bytes.length; at += 3) {
    const first = bytes[at] as number
    if (first < high) continue
    if (((first << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)) >= limit) return false
  }
  return true
}

function required(info: VmcoreInfo, name: string): bigint {
  const address = info.symbol(name)
  if (address === undefined) {
    throw new CryoscopeError(
      'unreadable',
      `VMCOREINFO does not say where ${name} is; kernels before 6.0 do not, and are not read yet`,
    )
  }
  return address
}

function alignUp(address: bigint, to: bigint): bigint {
  return ((address + to - 1n) / to) * to
}
