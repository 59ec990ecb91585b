import type { Problems } from '../problems.js'
import { readSections, type Sections } from './header.js'
import { elementWords, fixedWords, kindLimit, recordWords, typeKinds } from './kind.js'
import { resumeBehind } from './resume.js'
import { type ByteRange, StringTable } from './strings.js'

const nativeLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * The type records of one BTF file as 32-bit words, and where each starts. Everything in the type section is a
 * u32, so one array of words in native order serves every kind and both byte orders.
 */
export class Records {
  readonly littleEndian: boolean
  readonly words: Uint32Array
  /** Word index of the record of type `startId + n`. Void has none: in a file without a base, `startId` is 1. */
  readonly offsets: Uint32Array
  /** Which records are of `typeKinds`, as indices into `offsets`: one in nine of a kernel's. */
  readonly named: Uint32Array
  readonly startId: number
  readonly strings: StringTable
  readonly base: Records | undefined

  /** Ids whose records lie in a hole. */
  readonly #lost: readonly ByteRange[]

  /** `name` says in sentences which file it is. */
  constructor(
    bytes: Uint8Array,
    name: string,
    base: Records | undefined,
    holes: readonly ByteRange[],
    problems: Problems,
  ) {
    const sections = readSections(bytes, name, problems)
    const fault = (why: string): void => problems.add(name, why)
    this.littleEndian = sections.littleEndian
    this.base = base
    this.startId = base?.endId ?? 1
    this.strings = new StringTable(sections.strings, base?.strings, within(holes, bytes, sections.strings))
    const gaps = within(holes, bytes, sections.types)
    const words = toWords(sections.types, sections.littleEndian)
    this.words = gaps.length === 0 ? words : withVoid(words)
    const lost: ByteRange[] = []
    const index =
      gaps.length === 0
        ? indexRecords(words, this.startId, sections, fault)
        : indexAround(words, this.startId, gaps, lost, fault)
    this.#lost = lost
    this.offsets = index.offsets
    this.named = index.named
  }

  /** One past the last valid id. */
  get endId(): number {
    return this.startId + this.offsets.length
  }

  /** The file that holds a type; undefined for void and for ids beyond the end. */
  owner(id: number): Records | undefined {
    if (id >= this.startId) return id < this.endId ? this : undefined
    return this.base?.owner(id)
  }

  /** Whether the record of a type lies in a part of the file that could not be read. */
  isLost(id: number): boolean {
    return this.#lost.some(({ start, end }) => id >= start && id < end)
  }

  /** Word index of a type of this file. */
  at(id: number): number {
    return this.offsets[id - this.startId] ?? 0
  }

  /** Only for indices inside a record that was indexed: those are in range. */
  word(index: number): number {
    return this.words[index] as number
  }
}

function toWords(bytes: Uint8Array, littleEndian: boolean): Uint32Array {
  const count = bytes.length >>> 2
  const native = littleEndian === nativeLittleEndian
  if (native && (bytes.byteOffset & 3) === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, count)
  const copy = new Uint8Array(count * 4)
  copy.set(bytes.subarray(0, count * 4))
  if (!native) Buffer.from(copy.buffer).swap32()
  return new Uint32Array(copy.buffer)
}

interface RecordIndex {
  readonly offsets: Uint32Array
  readonly named: Uint32Array
}

/**
 * One pass that only hops from record to record; stops at the first it cannot measure. It runs before the
 * engine has compiled it, where every call costs: so it makes none.
 */
function indexRecords(
  words: Uint32Array,
  startId: number,
  sections: Sections,
  fault: (why: string) => void,
): RecordIndex {
  const end = words.length
  const lastStart = end - recordWords
  const offsets = new Uint32Array(Math.floor(end / recordWords))
  const named = new Uint32Array(offsets.length)
  let count = 0
  let namedCount = 0
  let at = 0
  while (at <= lastStart) {
    // In range by the loop's condition; the tables are as long as kindLimit.
    const info = words[at + 1] as number
    const kind = (info >>> 24) & 0x7f
    const vlen = info & 0xffffff
    let next = at + recordWords
    if (kind > 0 && kind < kindLimit) {
      next += (fixedWords[kind] as number) + (elementWords[kind] as number) * vlen
    } else {
      const length = unknownLength(sections, kind, vlen)
      if (length === undefined) {
        fault(
          `type ${startId + count} at byte ${at * 4} of the type section has kind ${kind}, whose length is not known: it and the types after it are left out`,
        )
        break
      }
      next += length
    }
    if (next > end) {
      fault(
        `type ${startId + count} at byte ${at * 4} of the type section needs ${(next - at) * 4} bytes and ${(end - at) * 4} are left: it is left out`,
      )
      break
    }
    if (kind < 32 && ((typeKinds >>> kind) & 1) !== 0) named[namedCount++] = count
    offsets[count++] = at
    at = next
  }
  if (at > lastStart && at * 4 < sections.types.length) {
    fault(`the type section ends with ${sections.types.length - at * 4} bytes that are no record`)
  }
  return { offsets: offsets.slice(0, count), named: named.slice(0, namedCount) }
}

/** The holes of a file that touch one of its sections, in bytes of that section. */
function within(holes: readonly ByteRange[], file: Uint8Array, section: Uint8Array): ByteRange[] {
  const from = section.byteOffset - file.byteOffset
  return holes
    .map(({ start, end }) => ({
      start: Math.max(0, start - from),
      end: Math.min(section.length, end - from),
    }))
    .filter(({ start, end }) => end > start)
}

/** With a record of kind 0 behind the others, which stands for those that are lost. */
function withVoid(words: Uint32Array): Uint32Array {
  const all = new Uint32Array(words.length + recordWords)
  all.set(words)
  return all
}

/** The same around holes, as far as it is proven where records go on behind one and which ids they have. */
function indexAround(
  words: Uint32Array,
  startId: number,
  gaps: readonly ByteRange[],
  lost: ByteRange[],
  fault: (why: string) => void,
): RecordIndex {
  const offsets: number[] = []
  const named: number[] = []
  const holes = gaps.map(({ start, end }) => ({ from: start >>> 2, to: Math.ceil(end / 4) }))
  let at = 0
  for (let n = 0; ; n++) {
    const hole = holes[n]
    const end = hole?.from ?? words.length
    while (at + recordWords <= end) {
      const info = words[at + 1] as number
      const kind = (info >>> 24) & 0x7f
      if (kind === 0 || kind >= kindLimit) break
      const next =
        at + recordWords + (fixedWords[kind] as number) + (elementWords[kind] as number) * (info & 0xffffff)
      if (next > end) break
      if (((typeKinds >>> kind) & 1) !== 0) named.push(offsets.length)
      offsets.push(at)
      at = next
    }
    if (hole === undefined) break
    const first = startId + offsets.length
    const resumed = resumeBehind(words, { from: at, to: hole.to }, holes[n + 1]?.from ?? words.length, first)
    if (resumed === undefined) {
      fault(`type ${first} and those behind it lie in or behind a part that could not be read`)
      break
    }
    fault(`types ${first} to ${first + resumed.lost - 1} lie in a part that could not be read`)
    lost.push({ start: first, end: first + resumed.lost })
    for (let i = 0; i < resumed.lost; i++) offsets.push(words.length)
    at = resumed.at
  }
  return { offsets: Uint32Array.from(offsets), named: Uint32Array.from(named) }
}

/** Words after the first three of a kind that only the file's layout section describes. */
function unknownLength({ layout }: Sections, kind: number, vlen: number): number | undefined {
  const known = kind === 0 ? undefined : layout[kind]
  if (known === undefined) return undefined
  const length = known.fixed + known.element * vlen
  return length % 4 === 0 ? length / 4 : undefined
}
