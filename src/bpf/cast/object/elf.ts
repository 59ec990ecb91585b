import { CryoscopeError } from '../../../errors.js'
import { textAt } from '../../../text/decode.js'
import { escapeText } from '../../../text.js'

/** What the reading of BPF objects needs of a 64-bit ELF file (elf.h), in either byte order. */
export interface ElfSection {
  readonly index: number
  readonly name: string
  /** SHT_* */
  readonly type: number
  /** SHF_* bits that fit in 32. */
  readonly flags: number
  readonly address: number
  /** Where its bytes start in the file. */
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
  /** Empty for sections without bytes in the file; cut where the file ends. */
  readonly data: Uint8Array
}

export interface ElfSymbol {
  readonly name: string
  readonly value: number
  readonly size: number
  /** STT_* */
  readonly type: number
  /** STB_* */
  readonly binding: number
  /** Index of its section, or one of the reserved numbers. */
  readonly section: number
}

export interface ElfRelocation {
  /** Bytes from the start of the section it changes. */
  readonly offset: number
  readonly symbol: number
  readonly type: number
}

export const sectionType = { programBits: 1, symbols: 2, rela: 4, noBits: 8, rel: 9 } as const
export const sectionFlag = { allocate: 2, executable: 4 } as const
export const symbolType = { object: 1, function: 2, section: 3 } as const
export const symbolBinding = { local: 0 } as const
export const machineBpf = 247
/** Section number of symbols that are defined elsewhere, and the first of the reserved numbers. */
export const undefinedSection = 0
export const firstReservedSection = 0xff00

const headerLength = 64
const sectionHeaderLength = 64
const symbolLength = 24
const longestName = 512

export class ElfFile {
  readonly machine: number
  readonly littleEndian: boolean
  readonly sections: readonly ElfSection[]
  /** What of it lies beyond the end of the file, as words: what it would say is not known. */
  readonly lacking: string | undefined
  readonly #view: DataView
  #symbols: readonly ElfSymbol[] | undefined

  private constructor(view: DataView, littleEndian: boolean, machine: number, table: SectionTable) {
    this.#view = view
    this.littleEndian = littleEndian
    this.machine = machine
    this.sections = table.sections
    this.lacking = table.isWhole ? cutSection(table.sections) : 'its table of sections'
  }

  /** Throws 'unreadable' when it is no 64-bit ELF file; sections that reach beyond the file are cut. */
  static parse(bytes: Uint8Array, name: string): ElfFile {
    if (!isElf64(bytes, 0)) {
      throw new CryoscopeError(
        'unreadable',
        `${name} is no 64-bit ELF file; give a scheduler's executable or a compiled .bpf.o`,
      )
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const little = bytes[5] !== 2
    return new ElfFile(view, little, view.getUint16(18, little), readSections(bytes, view, little))
  }

  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name)
  }

  /** The symbols of the first symbol table, in its order. */
  get symbols(): readonly ElfSymbol[] {
    this.#symbols ??= this.#readSymbols()
    return this.#symbols
  }

  /** The relocations that a section of type REL or RELA holds. */
  relocations(section: ElfSection): ElfRelocation[] {
    const entry = section.type === sectionType.rela ? 24 : 16
    const found: ElfRelocation[] = []
    for (let at = section.offset; at + entry <= section.offset + section.data.length; at += entry) {
      // r_info: the symbol is the upper word of the number, whatever the byte order.
      const info = at + 8
      found.push({
        offset: wide(this.#view, at, this.littleEndian),
        symbol: this.#view.getUint32(this.littleEndian ? info + 4 : info, this.littleEndian),
        type: this.#view.getUint32(this.littleEndian ? info : info + 4, this.littleEndian),
      })
    }
    return found
  }

  #readSymbols(): ElfSymbol[] {
    const table = this.sections.find(({ type }) => type === sectionType.symbols)
    const strings = table && this.sections[table.link]?.data
    const symbols: ElfSymbol[] = []
    if (table === undefined || strings === undefined) return symbols
    const little = this.littleEndian
    const end = table.offset + table.data.length
    for (let at = table.offset; at + symbolLength <= end; at += symbolLength) {
      const info = this.#view.getUint8(at + 4)
      symbols.push({
        name: nameAt(strings, this.#view.getUint32(at, little)),
        type: info & 15,
        binding: info >> 4,
        section: this.#view.getUint16(at + 6, little),
        value: wide(this.#view, at + 8, little),
        size: wide(this.#view, at + 16, little),
      })
    }
    return symbols
  }
}

/** Whether a 64-bit ELF header starts at that byte. */
export function isElf64(bytes: Uint8Array, at: number): boolean {
  return (
    at + headerLength <= bytes.length &&
    bytes[at] === 0x7f &&
    bytes[at + 1] === 0x45 &&
    bytes[at + 2] === 0x4c &&
    bytes[at + 3] === 0x46 &&
    bytes[at + 4] === 2 &&
    (bytes[at + 5] === 1 || bytes[at + 5] === 2)
  )
}

interface SectionTable {
  readonly sections: readonly ElfSection[]
  readonly isWhole: boolean
}

function cutSection(sections: readonly ElfSection[]): string | undefined {
  // The first has no bytes: its size may count the others.
  const cut = sections
    .slice(1)
    .find(({ type, size, data }) => type !== sectionType.noBits && data.length < size)
  return cut && `section ${escapeText(cut.name)}`
}

function readSections(bytes: Uint8Array, view: DataView, little: boolean): SectionTable {
  const table = wide(view, 40, little)
  const entry = view.getUint16(58, little)
  if (entry < sectionHeaderLength || table + sectionHeaderLength > bytes.length)
    return { sections: [], isWhole: false }
  // Files with more sections than 16 bits can count say so in the first, unused section header.
  const count = view.getUint16(60, little) || wide(view, table + 32, little)
  const namesIndex = view.getUint16(62, little)
  const sections: ElfSection[] = []
  const nameOffsets: number[] = []
  for (let index = 0; index < count; index++) {
    const at = table + index * entry
    if (at + sectionHeaderLength > bytes.length) break
    const type = view.getUint32(at + 4, little)
    const offset = wide(view, at + 24, little)
    const size = wide(view, at + 32, little)
    const start = Math.min(offset, bytes.length)
    nameOffsets.push(view.getUint32(at, little))
    sections.push({
      index,
      name: '',
      type,
      flags: view.getUint32(little ? at + 8 : at + 12, little),
      address: wide(view, at + 16, little),
      offset: start,
      size,
      link: view.getUint32(at + 40, little),
      info: view.getUint32(at + 44, little),
      data:
        type === sectionType.noBits
          ? bytes.subarray(start, start)
          : bytes.subarray(start, Math.min(start + size, bytes.length)),
    })
  }
  const named = namesIndex === 0xffff ? sections[0]?.link : namesIndex
  const names = named === undefined ? undefined : sections[named]?.data
  return {
    sections: sections.map((section, index) => ({
      ...section,
      name: nameAt(names, nameOffsets[index] as number),
    })),
    isWhole: sections.length === count,
  }
}

function nameAt(strings: Uint8Array | undefined, offset: number): string {
  if (strings === undefined) return ''
  return textAt(strings, offset, Math.min(strings.length, offset + longestName))
}

/** A 64-bit number; beyond 2^53 it is not exact, and beyond every file anyway. */
function wide(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little)
  const high = view.getUint32(little ? at + 4 : at, little)
  return high * 0x1_0000_0000 + low
}
