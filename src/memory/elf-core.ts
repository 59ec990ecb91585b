import { asFileOffset, asPhysical } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { atMost, cutText } from './cut.js'
import type { Dump } from './dump.js'
import { type DumpBytes, openBytes, viewOf } from './dump-bytes.js'
import { memoryOf } from './file-memory.js'
import { readNotes } from './notes.js'
import type { Segment } from './segmented.js'

const PT_LOAD = 1
const PT_NOTE = 4
const PN_XNUM = 0xffff
const EM_X86_64 = 62
const EM_AARCH64 = 183
/** Bytes of all notes together: 64 MiB is room for as many notes. */
const noteBytesLimit = 2 ** 26
/** Program headers; a core has a few hundred, and a count is believed only as far as copying them costs little. */
const headerLimit = 2 ** 20

/**
 * An ELF core of a whole machine: QEMU's dump-guest-memory, virsh dump, /proc/vmcore, makedumpfile -E. Layout: ELF-64
 * object file format (gABI 4).
 */
export function openElfCore(path: string): Dump {
  return parseElfCore(path, openBytes(path))
}

/** The same for bytes that may lie in pieces; closes them when they are no core. */
export function parseElfCore(path: string, file: DumpBytes): Dump {
  try {
    return parse(path, file)
  } catch (error) {
    file.close()
    throw error
  }
}

export function isElf(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46
}

function parse(path: string, file: DumpBytes): Dump {
  const header = file.bytes(0, 64)
  if (!isElf(header)) throw new CryoscopeError('unreadable', `${path} is not an ELF file`)
  if (header.length < 64) {
    throw new CryoscopeError('unreadable', `${path} is an ELF file that is cut short inside its header`)
  }
  const view = viewOf(header)
  if (header[4] !== 2 || header[5] !== 1) {
    throw new CryoscopeError(
      'unreadable',
      `${path} is not a 64-bit little-endian ELF file; only those are read`,
    )
  }
  const type = view.getUint16(16, true)
  const machine = view.getUint16(18, true)
  if (type !== 4)
    throw new CryoscopeError('unreadable', `${path} is an ELF file but not a core dump (type ${type})`)
  if (machine !== EM_X86_64 && machine !== EM_AARCH64) {
    throw new CryoscopeError(
      'unreadable',
      `${path} is a core of ELF machine ${machine}; only x86-64 (62) and arm64 (183) are read`,
    )
  }
  const architecture = machine === EM_AARCH64 ? 'aarch64' : 'x86_64'
  const tableOffset = Number(view.getBigUint64(32, true))
  const entrySize = view.getUint16(54, true)
  let count = view.getUint16(56, true)
  if (entrySize < 56)
    throw new CryoscopeError('unreadable', `${path} has program headers of ${entrySize} bytes, 56 are needed`)
  if (count === PN_XNUM) {
    // The true count is in sh_info of section 0.
    const sectionOffset = Number(view.getBigUint64(40, true))
    const section = file.bytes(sectionOffset, 64)
    if (sectionOffset !== 0 && section.length === 64) count = viewOf(section).getUint32(44, true)
  }

  const problems: string[] = []
  if (count > headerLimit) {
    problems.push(`the file claims ${count} program headers; the first ${headerLimit} are read`)
    count = headerLimit
  }
  const table = file.bytes(tableOffset, count * entrySize)
  const tableView = viewOf(table)
  const readable = Math.floor(table.length / entrySize)

  const segments: Segment[] = []
  const notes: Uint8Array[] = []
  let noteBytes = 0
  const lacking: [from: number, to: number][] = []
  let impossible = 0
  let areNotesCut = false
  let whole = tableOffset + count * entrySize
  for (let i = 0; i < readable; i++) {
    const at = i * entrySize
    const kind = tableView.getUint32(at, true)
    const offset = asFileOffset(Number(tableView.getBigUint64(at + 8, true)))
    const physical = asPhysical(Number(tableView.getBigUint64(at + 24, true)))
    const size = Number(tableView.getBigUint64(at + 32, true))
    if (kind === PT_NOTE && noteBytes < noteBytesLimit) {
      const bytes = file.bytes(offset, Math.min(size, noteBytesLimit - noteBytes))
      noteBytes += bytes.length
      notes.push(bytes)
      if (size < 2 ** 52 && offset + size > file.size) {
        whole = Math.max(whole, offset + size)
        areNotesCut = true
      }
    }
    if (kind !== PT_LOAD || size === 0) continue
    // No machine has memory there, and no file such a length.
    if (physical + size > 2 ** 52 || offset + size > 2 ** 52) {
      impossible += size
      continue
    }
    whole = Math.max(whole, offset + size)
    if (offset + size > file.size) lacking.push([Math.max(offset, file.size), offset + size])
    segments.push({ physical, offset, length: size })
  }
  // Where segments lie cannot be known of those whose header is missing.
  const cut =
    readable < count
      ? `${path} is cut short inside its program headers, of which ${readable} of ${count} are there: it has ${atMost(file.size, whole)} of its bytes`
      : whole > file.size
        ? cutText(path, file.size, whole)
        : undefined
  if (areNotesCut) problems.push('the file ends before or inside its notes: registers of CPUs are missing')
  const missing = impossible + lengthOf(lacking)
  if (missing > 0) {
    problems.push(
      `${cut ?? 'the file is damaged'}: ${missing} bytes of memory are missing, they read as absent`,
    )
  } else if (cut !== undefined) problems.push(cut)
  const description = `ELF core ${path}`
  const memory = memoryOf(description, file, segments)
  return { format: 'ELF core', architecture, memory, ...readNotes(notes, architecture), cut, problems }
}

/** Bytes that intervals cover together: a core may name the same bytes in several segments. */
function lengthOf(intervals: readonly (readonly [from: number, to: number])[]): number {
  let length = 0
  let end = 0
  for (const [from, to] of [...intervals].sort(([a], [b]) => a - b)) {
    length += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return length
}
