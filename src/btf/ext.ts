import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { Btf } from './btf.js'
import type { CType } from './types.js'

/** Which function starts at an instruction. */
export interface FunctionInfo {
  /** Bytes from the start of the section. */
  readonly offset: number
  /** A function type. */
  readonly type: CType
}

/** Which source line an instruction comes from. */
export interface LineInfo {
  /** Bytes from the start of the section. */
  readonly offset: number
  readonly file: string
  /** The text of the line. */
  readonly text: string
  readonly line: number
  readonly column: number
}

/** What a .BTF.ext section of an object file says about its code sections, by section name. */
export interface BtfExt {
  readonly functions: ReadonlyMap<string, readonly FunctionInfo[]>
  readonly lines: ReadonlyMap<string, readonly LineInfo[]>
  /** What could not be read, one sentence each. */
  readonly problems: readonly string[]
}

const headerLength = 24
const functionRecordLength = 8
const lineRecordLength = 16

/**
 * Reads the .BTF.ext section that belongs to a BTF file (Documentation/bpf/btf.rst, struct btf_ext_header).
 * Throws 'unreadable' when the header is no use; tables that break off give what stands before the break.
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf): BtfExt {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = view.byteLength >= 2 && view.getUint8(0) === 0x9f
  if (bytes.length < headerLength || view.getUint16(0, little) !== 0xeb9f || view.getUint8(2) !== 1) {
    throw new CryoscopeError('unreadable', 'This is no .BTF.ext section: its header is not one of version 1.')
  }
  const start = view.getUint32(4, little)
  const problems: string[] = []
  const table = <T>(what: string, at: number, least: number, read: (at: number) => T): Map<string, T[]> => {
    const begin = start + view.getUint32(at, little)
    const range = { begin, end: begin + view.getUint32(at + 4, little), least, what }
    return readTable(view, little, btf, range, problems, read)
  }
  const word = (at: number): number => view.getUint32(at, little)
  return {
    functions: table('function', 8, functionRecordLength, (at) => ({
      offset: word(at),
      type: btf.type(word(at + 4)),
    })),
    lines: table('line', 16, lineRecordLength, (at) => ({
      offset: word(at),
      file: btf.string(word(at + 4)),
      text: btf.string(word(at + 8)),
      line: word(at + 12) >>> 10,
      column: word(at + 12) & 0x3ff,
    })),
    problems,
  }
}

interface Range {
  readonly begin: number
  readonly end: number
  /** Bytes that a record must have at least. */
  readonly least: number
  readonly what: string
}

/** A record size, then for each section its name, the number of its records, and the records. */
function readTable<T>(
  view: DataView,
  little: boolean,
  btf: Btf,
  { begin, end, least, what }: Range,
  problems: string[],
  read: (at: number) => T,
): Map<string, T[]> {
  const found = new Map<string, T[]>()
  if (end === begin) return found
  const limit = Math.min(end, view.byteLength)
  const broken = (why: string): Map<string, T[]> => {
    problems.push(`the ${what} table ${why}`)
    return found
  }
  if (end > view.byteLength || begin + 4 > limit) broken('reaches beyond the section')
  if (begin + 4 > limit) return found
  const size = view.getUint32(begin, little)
  if (size < least || size % 4 !== 0) return broken(`has records of ${size} bytes, and ${least} are needed`)
  let at = begin + 4
  while (at + 8 <= limit) {
    const name = btf.string(view.getUint32(at, little))
    const count = view.getUint32(at + 4, little)
    at += 8
    const records = found.get(name) ?? []
    for (let n = 0; n < count; n++, at += size) {
      if (at + size > limit) {
        found.set(name, records)
        return broken(`breaks off in section ${escapeText(name)}`)
      }
      records.push(read(at))
    }
    found.set(name, records)
  }
  return found
}
