import { asFileOffset, asPhysical, type FileOffset, type Physical } from '../brands.js'

/** One note of a core file: "CORE" type 1 is NT_PRSTATUS, "VMCOREINFO" type 0 the kernel's text. */
export interface CoreNote {
  readonly name: string
  readonly type: number
  readonly data: Uint8Array
}

/** A run of physical memory. */
export interface CoreSegment {
  readonly physical: Physical
  /** Bytes. */
  readonly length: number
  /** Where the kernel sees it; readers that know no page tables (gdb) go by this. */
  readonly virtual?: bigint
}

export interface CoreSpec {
  readonly notes: readonly CoreNote[]
  /** Memory that the core holds, each byte once: sorted, not overlapping. */
  readonly segments: readonly CoreSegment[]
  /** Parts of it that are seen at a second virtual address (the kernel image); they take no room in the file. */
  readonly views?: readonly Required<CoreSegment>[]
  /** e_machine: 62 is x86-64, 183 arm64. */
  readonly machine?: number
}

/** Where physical memory lies in a core file. */
export interface PlacedSegment extends CoreSegment {
  readonly offset: FileOffset
}

/** The form of an ELF core: everything but the memory itself, which whoever writes or serves the file copies in. */
export interface CoreLayout {
  /** The first bytes of the file: header, program headers, notes, and what fills up to the first page of memory. */
  readonly head: Uint8Array
  readonly segments: readonly PlacedSegment[]
  /** Bytes of the whole file. */
  readonly size: number
}

const headerSize = 64
const programHeaderSize = 56
const sectionHeaderSize = 64
const pageSize = 4096
const PT_LOAD = 1
const PT_NOTE = 4
const PN_XNUM = 0xffff

/**
 * Lays out an ELF core of a whole machine (gABI 4; fs/binfmt_elf.c for PN_XNUM). Memory begins at a page boundary, so
 * that the file can be mapped.
 */
export function layOutCore({ notes, segments, views = [], machine = 62 }: CoreSpec): CoreLayout {
  const noteBytes = encodeNotes(notes)
  const seen = views.flatMap((view) => clip(view, segments))
  const count = 1 + segments.length + seen.length
  const isExtended = count >= PN_XNUM
  const sectionAt = headerSize + count * programHeaderSize
  const notesAt = sectionAt + (isExtended ? sectionHeaderSize : 0)
  const memoryAt = Math.ceil((notesAt + noteBytes.length) / pageSize) * pageSize

  const head = Buffer.alloc(memoryAt)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  head.writeUInt16LE(4, 16)
  head.writeUInt16LE(machine, 18)
  head.writeUInt32LE(1, 20)
  head.writeBigUInt64LE(BigInt(headerSize), 32)
  head.writeBigUInt64LE(BigInt(isExtended ? sectionAt : 0), 40)
  head.writeUInt16LE(headerSize, 52)
  head.writeUInt16LE(programHeaderSize, 54)
  head.writeUInt16LE(isExtended ? PN_XNUM : count, 56)
  if (isExtended) {
    head.writeUInt16LE(sectionHeaderSize, 58)
    head.writeUInt16LE(1, 60)
    head.writeUInt32LE(count, sectionAt + 44)
  }
  head.set(noteBytes, notesAt)

  let offset = memoryAt
  const placed = segments.map((segment): PlacedSegment => {
    const here = { ...segment, offset: asFileOffset(offset) }
    offset += segment.length
    return here
  })
  const headers = [
    { kind: PT_NOTE, offset: notesAt, physical: 0, length: noteBytes.length, virtual: 0n },
    // Readers take the first segment that covers an address: the image is in both, at addresses that differ.
    ...seen.map((view) => ({ kind: PT_LOAD, ...view, offset: offsetOf(view.physical, placed) })),
    ...placed.map((segment) => ({ kind: PT_LOAD, ...segment })),
  ]
  for (const [i, header] of headers.entries()) {
    const at = headerSize + i * programHeaderSize
    head.writeUInt32LE(header.kind, at)
    head.writeUInt32LE(header.kind === PT_LOAD ? 7 : 0, at + 4)
    head.writeBigUInt64LE(BigInt(header.offset), at + 8)
    head.writeBigUInt64LE(BigInt.asUintN(64, header.virtual ?? 0n), at + 16)
    head.writeBigUInt64LE(BigInt(header.physical), at + 24)
    head.writeBigUInt64LE(BigInt(header.length), at + 32)
    head.writeBigUInt64LE(BigInt(header.length), at + 40)
  }
  return { head, segments: placed, size: offset }
}

/** The parts of a view that the core holds. */
function clip(view: Required<CoreSegment>, segments: readonly CoreSegment[]): Required<CoreSegment>[] {
  return segments.flatMap((segment) => {
    const start = asPhysical(Math.max(view.physical, segment.physical))
    const end = Math.min(view.physical + view.length, segment.physical + segment.length)
    const virtual = view.virtual + BigInt(start - view.physical)
    return start < end ? [{ physical: start, length: end - start, virtual }] : []
  })
}

function offsetOf(physical: Physical, placed: readonly PlacedSegment[]): FileOffset {
  const found = placed.find((each) => physical >= each.physical && physical < each.physical + each.length)
  return asFileOffset(found === undefined ? 0 : found.offset + (physical - found.physical))
}

/** Notes one behind the other, as ELF cores and kdump have them. */
export function encodeNotes(notes: readonly CoreNote[]): Buffer {
  return Buffer.concat(notes.map(encodeNote))
}

function encodeNote({ name, type, data }: CoreNote): Buffer {
  const nameSize = name.length + 1
  const note = Buffer.alloc(12 + align4(nameSize) + align4(data.length))
  note.writeUInt32LE(nameSize, 0)
  note.writeUInt32LE(data.length, 4)
  note.writeUInt32LE(type, 8)
  note.write(name, 12, 'latin1')
  note.set(data, 12 + align4(nameSize))
  return note
}

function align4(size: number): number {
  return Math.ceil(size / 4) * 4
}
