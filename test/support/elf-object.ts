/** Makes 64-bit ELF object files for tests, in either byte order. */

export interface SectionSpec {
  readonly name: string
  /** SHT_*: 1 is contents, 9 relocations of the section in `info`. */
  readonly type?: number
  /** SHF_*: 4 is code. */
  readonly flags?: number
  readonly address?: number
  readonly link?: number
  readonly info?: number
  readonly data?: Uint8Array
  /** Where it is not that of the data. */
  readonly size?: number
}

export interface SymbolSpec {
  readonly name: string
  readonly section: number
  readonly value?: number
  readonly size?: number
  /** STT_*: 1 object, 2 function, 3 section. */
  readonly type?: number
  /** STB_*: 0 local, 1 global. */
  readonly binding?: number
}

export interface ElfObjectSpec {
  /** From index 1 on; the tables of symbols and names come behind them. */
  readonly sections: readonly SectionSpec[]
  /** From index 1 on. */
  readonly symbols?: readonly SymbolSpec[]
  readonly machine?: number
  readonly bigEndian?: boolean
}

/** The indices of sections: the first is 1, then come `.symtab` and `.strtab`. */
export function elfObject({
  sections,
  symbols = [],
  machine = 247,
  bigEndian = false,
}: ElfObjectSpec): Buffer {
  const little = !bigEndian
  const names = new Names()
  const table = Buffer.alloc((symbols.length + 1) * 24)
  const put = viewOf(table)
  for (const [n, { name, section, value = 0, size = 0, type = 0, binding = 1 }] of symbols.entries()) {
    const at = (n + 1) * 24
    put.setUint32(at, names.at(name), little)
    put.setUint8(at + 4, (binding << 4) | type)
    put.setUint16(at + 6, section, little)
    put.setBigUint64(at + 8, BigInt(value), little)
    put.setBigUint64(at + 16, BigInt(size), little)
  }
  const strings = sections.length + 2
  const all: SectionSpec[] = [
    { name: '', type: 0 },
    ...sections,
    { name: '.symtab', type: 2, link: strings, data: table },
    { name: '.strtab', type: 3 },
  ]
  const nameOffsets = all.map(({ name }) => names.at(name))
  all[strings] = { ...(all[strings] as SectionSpec), data: names.bytes }
  const header = Buffer.alloc(64)
  const parts: Buffer[] = [header]
  let end = 64
  const headers = Buffer.alloc(all.length * 64)
  const write = viewOf(headers)
  for (const [n, section] of all.entries()) {
    const { type = 1, flags = 0, address = 0, link = 0, info = 0, data = new Uint8Array() } = section
    const at = n * 64
    write.setUint32(at, nameOffsets[n] as number, little)
    write.setUint32(at + 4, type, little)
    const words = [flags, address, end, section.size ?? data.length]
    for (const [i, word] of words.entries()) write.setBigUint64(at + 8 + i * 8, BigInt(word), little)
    write.setUint32(at + 40, link, little)
    write.setUint32(at + 44, info, little)
    const padded = Buffer.alloc(Math.ceil(data.length / 8) * 8)
    padded.set(data)
    parts.push(padded)
    end += padded.length
  }
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1])
  const head = viewOf(header)
  head.setUint16(18, machine, little)
  head.setBigUint64(40, BigInt(end), little)
  head.setUint16(58, 64, little)
  head.setUint16(60, all.length, little)
  head.setUint16(62, strings, little)
  return Buffer.concat([...parts, headers])
}

/** Relocations without addends: where, by which symbol (from 1), of which type. */
export function relocations(
  all: readonly (readonly [number, number, number])[],
  bigEndian = false,
): Uint8Array {
  const bytes = Buffer.alloc(all.length * 16)
  const put = viewOf(bytes)
  for (const [n, [offset, symbol, type]] of all.entries()) {
    put.setBigUint64(n * 16, BigInt(offset), !bigEndian)
    put.setBigUint64(n * 16 + 8, (BigInt(symbol) << 32n) | BigInt(type), !bigEndian)
  }
  return bytes
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

class Names {
  #text = '\0'

  at(name: string): number {
    if (name === '') return 0
    const at = this.#text.length
    this.#text += `${name}\0`
    return at
  }

  get bytes(): Buffer {
    return Buffer.from(this.#text, 'latin1')
  }
}
