/** The little that starting a program or a kernel needs to know of a 64-bit little-endian ELF file (elf.h). */
export interface ElfSummary {
  readonly machine: number
  /** Path of the program interpreter (PT_INTERP); undefined for static programs. */
  readonly interpreter: string | undefined
  /** Physical entry point of the XEN_ELFNOTE_PHYS32_ENTRY note, which PVH loaders start at. */
  readonly pvhEntry: number | undefined
}

const programHeaderSize = 56
const segment = { load: 1, dynamic: 2, interpreter: 3, note: 4 } as const
const dynamicTag = { needed: 1, strings: 5 } as const
const mostDynamicBytes = 64 * 1024
const longestName = 4096
const xenPhys32Entry = 18
const mostHeaders = 512
const mostNoteBytes = 64 * 1024

/** Bytes of a file, as many as there are: fewer than asked for at its end. */
export type ReadAt = (offset: number, length: number) => Buffer

/** Undefined when the bytes are no 64-bit little-endian ELF file. Damaged parts count as absent. */
export function summarizeElf(read: ReadAt): ElfSummary | undefined {
  const header = read(0, 64)
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
    return undefined
  let interpreter: string | undefined
  let pvhEntry: number | undefined
  const tableOffset = header.readBigUInt64LE(32)
  const entrySize = header.readUInt16LE(54)
  const count = Math.min(header.readUInt16LE(56), mostHeaders)
  const machine = header.readUInt16LE(18)
  if (entrySize >= programHeaderSize && tableOffset < BigInt(Number.MAX_SAFE_INTEGER)) {
    const table = read(Number(tableOffset), entrySize * count)
    for (let at = 0; at + programHeaderSize <= table.length; at += entrySize) {
      const type = table.readUInt32LE(at)
      const offset = table.readBigUInt64LE(at + 8)
      const size = table.readBigUInt64LE(at + 32)
      if (offset > BigInt(Number.MAX_SAFE_INTEGER)) continue
      if (type === segment.interpreter && size <= 4096n) {
        interpreter ??= read(Number(offset), Number(size)).toString('utf8').split('\0')[0]
      } else if (type === segment.note) {
        const length = size < BigInt(mostNoteBytes) ? Number(size) : mostNoteBytes
        pvhEntry ??= findPvhEntry(read(Number(offset), length))
      }
    }
  }
  return { machine, interpreter, pvhEntry }
}

/** Names of the libraries that a dynamically linked file needs (DT_NEEDED). Damaged parts count as absent. */
export function neededLibraries(read: ReadAt): string[] {
  const header = read(0, 64)
  if (summarizeElf(read) === undefined) return []
  const entrySize = header.readUInt16LE(54)
  const place = header.readBigUInt64LE(32)
  if (entrySize < programHeaderSize || place > BigInt(Number.MAX_SAFE_INTEGER)) return []
  const table = read(Number(place), entrySize * Math.min(header.readUInt16LE(56), mostHeaders))
  const loads: { offset: bigint; address: bigint; size: bigint }[] = []
  let dynamic = Buffer.alloc(0)
  for (let at = 0; at + programHeaderSize <= table.length; at += entrySize) {
    const type = table.readUInt32LE(at)
    const part = {
      offset: table.readBigUInt64LE(at + 8),
      address: table.readBigUInt64LE(at + 16),
      size: table.readBigUInt64LE(at + 32),
    }
    if (part.offset > BigInt(Number.MAX_SAFE_INTEGER)) continue
    if (type === segment.load) loads.push(part)
    if (type === segment.dynamic) {
      const size = part.size < BigInt(mostDynamicBytes) ? Number(part.size) : mostDynamicBytes
      dynamic = Buffer.from(read(Number(part.offset), size))
    }
  }
  const names: bigint[] = []
  let strings: bigint | undefined
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = dynamic.readBigUInt64LE(at)
    const value = dynamic.readBigUInt64LE(at + 8)
    if (tag === BigInt(dynamicTag.needed)) names.push(value)
    if (tag === BigInt(dynamicTag.strings)) strings = value
  }
  const load = loads.find(
    ({ address, size }) => strings !== undefined && strings >= address && strings < address + size,
  )
  if (load === undefined || strings === undefined) return []
  const from = load.offset + (strings - load.address)
  return names.flatMap((name) => {
    const [text = ''] = read(Number(from + name), longestName)
      .toString('utf8')
      .split('\0')
    return text === '' ? [] : [text]
  })
}

/** Walks Elf64_Nhdr { namesz, descsz, type } records, each part padded to 4 bytes. */
function findPvhEntry(notes: Buffer): number | undefined {
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameSize = notes.readUInt32LE(at)
    const descriptionSize = notes.readUInt32LE(at + 4)
    const type = notes.readUInt32LE(at + 8)
    const name = at + 12
    const description = name + align4(nameSize)
    if (description + descriptionSize > notes.length) return undefined
    const owner = notes.toString('latin1', name, name + nameSize)
    if (type === xenPhys32Entry && owner === 'Xen\0' && descriptionSize >= 4)
      return notes.readUInt32LE(description)
    at = description + align4(descriptionSize)
  }
  return undefined
}

function align4(size: number): number {
  return Math.ceil(size / 4) * 4
}
