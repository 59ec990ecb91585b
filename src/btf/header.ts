import { CryoscopeError } from '../errors.js'
import type { Problems } from '../problems.js'

/** How long a record of a kind is, as the file itself says (the layout section of newer kernels). */
export interface KindLayout {
  /** Bytes after the record's first twelve. */
  readonly fixed: number
  /** Bytes for each of its elements. */
  readonly element: number
}

/** The sections of a BTF file, cut to what is really there. */
export interface Sections {
  readonly littleEndian: boolean
  readonly types: Uint8Array
  readonly strings: Uint8Array
  /** By kind number; empty in files without a layout section. */
  readonly layout: readonly KindLayout[]
}

const classicHeaderLength = 24
const layoutHeaderLength = 32
const layoutEntryLength = 4

/**
 * Reads struct btf_header (include/uapi/linux/btf.h) of any length from 24 bytes on; fields beyond those known
 * are ignored. Throws 'unreadable' when it is no BTF header; sections that reach beyond the file are cut, which
 * is a problem.
 */
export function readSections(bytes: Uint8Array, name: string, problems: Problems): Sections {
  const refuse = (why: string): never => {
    throw new CryoscopeError('unreadable', `${name} is not usable: ${why}.`)
  }
  if (bytes.length < classicHeaderLength) {
    refuse(`it has ${bytes.length} bytes, and the header alone takes ${classicHeaderLength}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint16(0, true)
  if (magic !== 0xeb9f && magic !== 0x9feb) {
    refuse(`it starts with ${magic.toString(16).padStart(4, '0')} instead of the magic number eb9f`)
  }
  const littleEndian = magic === 0xeb9f
  if (view.getUint8(2) !== 1) refuse(`it has version ${view.getUint8(2)}, and only version 1 is known`)
  const headerLength = view.getUint32(4, littleEndian)
  if (headerLength < classicHeaderLength || headerLength > bytes.length) {
    refuse(`its header claims ${headerLength} bytes of ${bytes.length}`)
  }

  const cut = (what: string, at: number): Uint8Array => {
    const start = headerLength + view.getUint32(at, littleEndian)
    const length = view.getUint32(at + 4, littleEndian)
    const section = bytes.subarray(Math.min(start, bytes.length), Math.min(start + length, bytes.length))
    if (section.length < length) {
      problems.add(
        name,
        `the ${what} section should have ${length} bytes from byte ${start} on, but the file has ${section.length} there`,
      )
    }
    return section
  }

  const types = cut('type', 8)
  const strings = cut('string', 16)
  const layout: KindLayout[] = []
  if (headerLength >= layoutHeaderLength) {
    const section = cut('layout', 24)
    for (
      let at = 0;
      at + layoutEntryLength <= section.length && layout.length < 128;
      at += layoutEntryLength
    ) {
      layout.push({ fixed: section[at] as number, element: section[at + 1] as number })
    }
  }
  return { littleEndian, types, strings, layout }
}
