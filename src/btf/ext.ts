import type { Problems } from '../problems.js'
import type { Btf } from './btf.js'

/** A CO-RE relocation: the instruction holds a fact about that type. */
export interface CoreRelocation {
  readonly typeId: number
  /** BPF_CORE_* (include/uapi/linux/bpf.h): 0 is the offset of a field, 6 and 7 are type ids. */
  readonly kind: number
}

/** The source lines of the instructions of a section or program. */
export interface SourceLines {
  /** The line that the instruction at a byte offset of the section comes from. */
  lineOf(offset: number): SourceLine | undefined
}

export interface SourceLine {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
}

/**
 * What a .BTF.ext section (Documentation/bpf/btf.rst, struct btf_ext_header) says of an object's code, by the names
 * of its sections. Lines are read one by one when they are asked for: an object has as many as instructions.
 */
export interface Extension {
  /** Type ids of functions by the byte offset at which they start. */
  readonly functions: ReadonlyMap<string, ReadonlyMap<number, number>>
  readonly core: ReadonlyMap<string, ReadonlyMap<number, CoreRelocation>>
  readonly lines: ReadonlyMap<string, SourceLines>
}

const magic = 0xeb9f
const headerLength = 24
/** Headers of this length have a table of CO-RE relocations. */
const coreHeaderLength = 32

/** A run of records in the section. */
interface Run {
  readonly section: string
  readonly begin: number
  readonly count: number
  readonly size: number
}

/** Either byte order. What cannot be read is a problem; tables that break off give what stands before the break. */
export function readExtension(bytes: Uint8Array, btf: Btf, problems: Problems): Extension {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const functions = new Map<string, Map<number, number>>()
  const core = new Map<string, Map<number, CoreRelocation>>()
  const lines = new Map<string, Lines>()
  const little = bytes[0] === 0x9f
  if (bytes.length < headerLength || view.getUint16(0, little) !== magic || view.getUint8(2) !== 1) {
    problems.add('.BTF.ext', 'its header is not one of version 1')
    return { functions, core, lines }
  }
  const word = (at: number): number => view.getUint32(at, little)
  const table = (what: string, header: number, least: number): Run[] =>
    readRuns(view, little, btf, { what, header, least }, problems)
  for (const { section, begin, count, size } of table('function', 8, 8)) {
    const records = getOrMake(functions, section, () => new Map<number, number>())
    for (let n = 0, at = begin; n < count; n++, at += size) records.set(word(at), word(at + 4))
  }
  for (const run of table('line', 16, 16)) {
    getOrMake(lines, run.section, () => new Lines(view, little, btf)).add(run)
  }
  if (word(4) >= coreHeaderLength && bytes.length >= coreHeaderLength) {
    for (const { section, begin, count, size } of table('CO-RE', 24, 16)) {
      const records = getOrMake(core, section, () => new Map<number, CoreRelocation>())
      for (let n = 0, at = begin; n < count; n++, at += size) {
        records.set(word(at), { typeId: word(at + 4), kind: word(at + 12) })
      }
    }
  }
  return { functions, core, lines }
}

/** The records of a table: a record size, then for each section its name, the number of its records, the records. */
function readRuns(
  view: DataView,
  little: boolean,
  btf: Btf,
  { what, header, least }: { what: string; header: number; least: number },
  problems: Problems,
): Run[] {
  const word = (at: number): number => view.getUint32(at, little)
  const runs: Run[] = []
  const begin = word(4) + word(header)
  const end = begin + word(header + 4)
  const limit = Math.min(end, view.byteLength)
  if (end === begin) return runs
  if (end > view.byteLength) problems.add('.BTF.ext', `the ${what} table reaches beyond the section`)
  if (begin + 4 > limit) return runs
  const size = word(begin)
  if (size < least || size % 4 !== 0) {
    problems.add('.BTF.ext', `the ${what} table has records of ${size} bytes, and ${least} are needed`)
    return runs
  }
  for (let at = begin + 4; at + 8 <= limit; ) {
    const section = btf.string(word(at))
    const announced = word(at + 4)
    at += 8
    const count = Math.min(announced, Math.floor((limit - at) / size))
    if (count < announced) problems.add('.BTF.ext', `the ${what} table breaks off in section ${section}`)
    runs.push({ section, begin: at, count, size })
    at += announced * size
  }
  return runs
}

/** Which instruction a record is of, and where it lies. */
interface LinePlace {
  readonly offset: number
  readonly at: number
}

/** The lines of one section, in its own order, which is that of the instructions in what compilers write. */
class Lines implements SourceLines {
  readonly #view: DataView
  readonly #little: boolean
  readonly #btf: Btf
  readonly #runs: Run[] = []
  /** Offsets of instructions and places of their records, by offset. */
  #order: readonly LinePlace[] | undefined

  constructor(view: DataView, little: boolean, btf: Btf) {
    this.#view = view
    this.#little = little
    this.#btf = btf
  }

  add(run: Run): void {
    this.#runs.push(run)
    this.#order = undefined
  }

  lineOf(offset: number): SourceLine | undefined {
    this.#order ??= this.#sort()
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#order[middle] as LinePlace).offset <= offset) low = middle + 1
      else high = middle
    }
    const found = this.#order[low - 1]
    if (found === undefined) return undefined
    const word = (at: number): number => this.#view.getUint32(found.at + at, this.#little)
    return {
      file: this.#btf.string(word(4)),
      text: this.#btf.string(word(8)),
      line: word(12) >>> 10,
      column: word(12) & 0x3ff,
    }
  }

  #sort(): LinePlace[] {
    const found: LinePlace[] = []
    for (const { begin, count, size } of this.#runs) {
      for (let n = 0; n < count; n++) {
        const at = begin + n * size
        found.push({ offset: this.#view.getUint32(at, this.#little), at })
      }
    }
    return found.toSorted((a, b) => a.offset - b.offset)
  }
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  let found = map.get(key)
  if (found === undefined) {
    found = make()
    map.set(key, found)
  }
  return found
}
