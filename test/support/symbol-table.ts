/** Makes the kernel's symbol table as scripts/kallsyms.c writes it. */

export interface SymbolSpec {
  readonly name: string
  readonly address: bigint
  /** nm's letter; D unless told. */
  readonly type?: string
}

/**
 * How addresses are stored: as offsets from the lowest one (before 7.0), the same with absolute per-CPU symbols, or as
 * offsets from each offset's own place (from 7.0).
 */
export type AddressEncoding = 'relative' | 'absolute-percpu' | 'prel32'

export interface SymbolTableOptions {
  readonly encoding: AddressEncoding
  /** kallsyms_seqs_of_names: there, other bytes in its place, or zeros. */
  readonly sortedIndex?: 'present' | 'garbage' | 'zeros'
  /** kallsyms_markers: as they should be, or zeros. */
  readonly markers?: 'present' | 'zeros'
  /** Of the table behind the addresses; 8 unless told, 4 from 7.3. */
  readonly indexAlign?: 4 | 8
}

export interface SymbolTable {
  readonly bytes: Uint8Array
  /** Offsets of the tables in `bytes`, by the names of their symbols. */
  readonly places: Readonly<Record<string, number>>
}

/** Strings that several names share: what a real table's tokens of more than one character look like. */
const fragments = [
  'bpf_',
  'kallsyms_',
  'vmcoreinfo',
  '__start_',
  'T__',
  'Dmap',
  'idr',
  'sched',
  'printk',
  'aaa',
]

/** `at` is where the table will lie: with `prel32` its bytes depend on it. */
export function buildSymbolTable(
  symbols: readonly SymbolSpec[],
  at: bigint,
  { encoding, sortedIndex = 'present', markers = 'present', indexAlign = 8 }: SymbolTableOptions,
): SymbolTable {
  const sorted = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  const writer = new Writer()
  const tokens = chooseTokens(sorted)
  const long = [...tokens.keys()].filter((code) => (tokens[code] ?? '').length > 1)
  long.sort((a, b) => (tokens[b] ?? '').length - (tokens[a] ?? '').length)

  writer.start('kallsyms_num_syms', 8)
  writer.u32(sorted.length)

  writer.start('kallsyms_names', 8)
  const names = writer.length
  const marks: number[] = []
  for (const [i, { name, type = 'D' }] of sorted.entries()) {
    if (i % 256 === 0) marks.push(writer.length - names)
    const coded = compress(type + name, tokens, long)
    if (coded.length < 128) writer.u8(coded.length)
    else {
      writer.u8((coded.length & 0x7f) | 0x80)
      writer.u8(coded.length >> 7)
    }
    writer.bytes(coded)
  }

  writer.start('kallsyms_markers', 8)
  for (const mark of marks) writer.u32(markers === 'present' ? mark : 0)

  writer.start('kallsyms_token_table', 8)
  const table = writer.length
  const starts: number[] = []
  for (const token of tokens) {
    starts.push(writer.length - table)
    writer.bytes([...Buffer.from(token, 'latin1'), 0])
  }
  writer.start('kallsyms_token_index', 8)
  for (const start of starts) writer.u16(start)

  writer.start('kallsyms_offsets', 8)
  const offsets = writer.length
  const base = sorted.find(({ address }) => address >= 2n ** 32n)?.address ?? 0n
  for (const [i, { address }] of sorted.entries()) {
    if (encoding === 'prel32') writer.u32(Number(address - (at + BigInt(offsets + i * 4))))
    else if (encoding === 'relative') writer.u32(Number(address - base))
    else writer.u32(Number(address < 2n ** 31n ? address : base - 1n - address))
  }
  if (encoding !== 'prel32') {
    writer.start('kallsyms_relative_base', 8)
    writer.u64(base)
  }

  writer.start('kallsyms_seqs_of_names', indexAlign)
  const byName = [...sorted.keys()].sort((a, b) => {
    const [left, right] = [Buffer.from(sorted[a]?.name ?? ''), Buffer.from(sorted[b]?.name ?? '')]
    return Buffer.compare(left, right) || a - b
  })
  for (const index of byName) {
    if (sortedIndex === 'present') writer.bytes([index >> 16, (index >> 8) & 255, index & 255])
    else if (sortedIndex === 'zeros') writer.bytes([0, 0, 0])
    else writer.bytes([0, (index * 7) & 255, (index * 31) & 255])
  }
  return { bytes: writer.take(), places: writer.places }
}

/** One token per byte value: characters that occur stand for themselves, the others for fragments, or for nothing. */
function chooseTokens(symbols: readonly SymbolSpec[]): string[] {
  const used = new Set(symbols.flatMap(({ name, type = 'D' }) => [...(type + name)]))
  const spare = [...fragments]
  return Array.from({ length: 256 }, (_, code) => {
    const character = String.fromCharCode(code)
    return used.has(character) ? character : code === 0 ? '' : (spare.shift() ?? '')
  })
}

/** Codes of a name: the longest fragment that fits, or else the character itself. */
function compress(text: string, tokens: readonly string[], long: readonly number[]): number[] {
  const codes: number[] = []
  for (let at = 0; at < text.length; ) {
    const code = long.find((one) => text.startsWith(tokens[one] ?? '', at)) ?? text.charCodeAt(at)
    codes.push(code)
    at += (tokens[code] ?? '').length
  }
  return codes
}

class Writer {
  readonly #bytes: number[] = []
  readonly places: Record<string, number> = {}

  get length(): number {
    return this.#bytes.length
  }

  start(name: string, align: number): void {
    while (this.#bytes.length % align !== 0) this.#bytes.push(0)
    this.places[name] = this.#bytes.length
  }

  u8(value: number): void {
    this.#bytes.push(value & 255)
  }

  u16(value: number): void {
    this.bytes([value & 255, (value >> 8) & 255])
  }

  u32(value: number): void {
    this.u16(value)
    this.u16(value >> 16)
  }

  u64(value: bigint): void {
    this.u32(Number(BigInt.asUintN(32, value)))
    this.u32(Number(value >> 32n))
  }

  bytes(values: readonly number[]): void {
    for (const value of values) this.#bytes.push(value)
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}
