import { asFileOffset, asPhysical, type Block } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { BitmapRank } from './bitmap-rank.js'
import { type Compression, type Unpack, unpacker } from './compression/unpack.js'
import { atMost, percent } from './cut.js'
import type { Architecture, Dump } from './dump.js'
import { type DumpBytes, openBytes, viewOf } from './dump-bytes.js'
import { CachedMemory, type FrameSource, inWindows } from './frame-cache.js'
import { type FileMapping, windowPosition } from './mapping.js'
import { readNotes } from './notes.js'
import type { PhysicalRange } from './types.js'

/** makedumpfile diskdump_mod.h: struct disk_dump_header. */
const headerLength = 464
/** struct kdump_sub_header, the parts that version 6 has. */
const subHeaderLength = 104
/** struct page_desc: offset, size, flags, page_flags. */
const descriptorLength = 24
/** Notes and VMCOREINFO: room for as many CPUs as there are. */
const noteBytesLimit = 2 ** 26
const vmcoreinfoLimit = 2 ** 16
const splitLimit = 256
/** A bitmap of 64 TiB of memory. */
const bitmapLimit = 2 ** 31
/** Runs of pages that are told apart; a dump that leaves out single pages may have millions. */
const rangeLimit = 2 ** 20

/** Pages of a dump that is cut that are counted. */
const countedPages = 2 ** 18
/** Descriptors at the end of the table that tell whether the file is whole. */
const lookedAt = 256

/** Flags of a page, and of the header's status. */
const compressions: readonly (readonly [flag: number, name: Compression])[] = [
  [0x1, 'zlib'],
  [0x2, 'lzo'],
  [0x4, 'snappy'],
  [0x20, 'zstd'],
]
const compressionMask = 0x27
/** Bits of the header's status. */
const incomplete = 0x8

export function isKdump(head: Uint8Array): boolean {
  const signature = Buffer.from(head.subarray(0, 8)).toString('latin1')
  return signature === 'KDUMP   ' || signature === 'DISKDUMP'
}

/** A kdump-compressed dump as makedumpfile and QEMU write it; `others` are the further files of a split one. */
export function openKdump(path: string, others: readonly string[] = []): Dump {
  return parseKdump(
    path,
    [path, ...others].map((part) => ({ path: part, open: () => openBytes(part) })),
  )
}

interface PartFile {
  readonly path: string
  open(): DumpBytes
}

/** The same for bytes that may lie in pieces. Closes what it opened when they are no dump. */
export function parseKdump(path: string, files: readonly PartFile[]): Dump {
  const opened: DumpBytes[] = []
  try {
    if (files.length > splitLimit) {
      throw new CryoscopeError(
        'usage',
        `${path} would be split into ${files.length} files; at most ${splitLimit} are read`,
      )
    }
    const parts = files.map((file) => {
      const bytes = file.open()
      opened.push(bytes)
      return new Part(file.path, bytes)
    })
    return assemble(path, parts)
  } catch (error) {
    for (const bytes of opened) bytes.close()
    throw error
  }
}

function assemble(path: string, parts: readonly Part[]): Dump {
  const first = parts[0] as Part
  for (const part of parts) {
    if (part.blockSize !== first.blockSize || part.release !== first.release) {
      throw new CryoscopeError('unreadable', `${part.path} and ${path} are not parts of one dump`)
    }
  }
  const problems = parts.flatMap((part) => part.problems)
  const sorted = [...parts].sort((a, b) => a.firstPage - b.firstPage)
  if (first.isSplit) problems.push(...gaps(sorted))
  const notes = parts.map((part) => part.notes).find((bytes) => bytes.length > 0)
  const { cpus, vmcoreinfo } = readNotes(notes === undefined ? [] : [notes], first.architecture)
  const names = new Set(parts.flatMap(({ compression }) => compression ?? []))
  return {
    format: names.size === 0 ? 'kdump' : `kdump-compressed (${[...names].join(', ')})`,
    architecture: first.architecture,
    cut: parts.map((part) => part.cut).find((text) => text !== undefined),
    saysMissing: true,
    memory: new CachedMemory(new Pages(`kdump ${path}`, sorted, first.blockSize)),
    cpus,
    vmcoreinfo: parts.map((part) => part.vmcoreinfo).find((text) => text !== undefined) ?? vmcoreinfo,
    problems,
  }
}

/** Sentences about pages that none of the files of a split dump is for. */
function gaps(parts: readonly Part[]): string[] {
  const problems: string[] = []
  let next = 0
  for (const part of parts) {
    if (part.firstPage > next) problems.push(missing(next, part.firstPage))
    next = Math.max(next, part.endPage)
  }
  const end = Math.max(...parts.map(({ pageCount }) => pageCount))
  if (next < end) problems.push(missing(next, end))
  return problems
}

function missing(from: number, to: number): string {
  return `a file of the split dump is missing: pages ${from} to ${to - 1} are in none; name it FILE.1, FILE.2 … beside the first or put them together with makedumpfile --reassemble`
}

/** One file: a whole dump, or a part of a split one. */
class Part {
  readonly path: string
  readonly file: DumpBytes
  readonly blockSize: number
  /** uname -r of the machine, empty where QEMU left it out. */
  readonly release: string
  readonly architecture: Architecture | undefined
  readonly compression: Compression | undefined
  readonly vmcoreinfo: string | undefined
  readonly notes: Uint8Array
  readonly problems: string[] = []
  /** That the file ends early, and how much of it there is. */
  readonly cut: string | undefined
  readonly isSplit: boolean
  readonly pageCount: number
  /** Pages that this file is for. */
  readonly firstPage: number
  readonly endPage: number
  /** Pages that are in the dump. */
  readonly dumped: BitmapRank
  readonly #descriptors: number
  readonly #skipped: number

  constructor(path: string, file: DumpBytes) {
    this.path = path
    this.file = file
    const header = file.bytes(0, headerLength)
    if (!isKdump(header)) throw new CryoscopeError('unreadable', `${path} is not a kdump-compressed dump`)
    if (header.length < headerLength) {
      throw new CryoscopeError('unreadable', `${path} is a kdump that is cut short inside its header`)
    }
    const view = viewOf(header)
    const version = view.getInt32(8, true)
    this.blockSize = view.getInt32(428, true)
    const subHeaderBlocks = view.getInt32(432, true)
    const bitmapBlocks = view.getUint32(436, true)
    const status = view.getUint32(424, true)
    if (![4096, 16_384, 65_536].includes(this.blockSize) || version < 1 || version > 6) {
      throw new CryoscopeError(
        'unreadable',
        `${path} is a kdump of version ${version} with blocks of ${this.blockSize} bytes; versions 1 to 6 with 4, 16 or 64 KiB are read`,
      )
    }
    if (subHeaderBlocks < 0 || subHeaderBlocks > 2 ** 20) {
      throw new CryoscopeError(
        'unreadable',
        `${path} has a damaged header: ${subHeaderBlocks} sub-header blocks`,
      )
    }
    const name = (index: number): string =>
      Buffer.from(header.subarray(12 + index * 65, 12 + index * 65 + 65))
        .toString('latin1')
        .replace(/\0.*$/s, '')
    this.release = name(2)
    this.architecture = architectureNamed(name(4))
    this.compression = compressions.find(([flag]) => (status & flag) !== 0)?.[1]
    if ((status & incomplete) !== 0) {
      this.problems.push(
        'the dump was not finished when it was written (its disk was full): pages are missing',
      )
    }

    const sub = new Uint8Array(subHeaderLength)
    sub.set(file.bytes(this.blockSize, subHeaderLength))
    const subView = viewOf(sub)
    const word = (at: number): number => Number(subView.getBigUint64(at, true))
    const wide = version >= 6
    this.pageCount = wide ? word(96) : view.getUint32(440, true)
    this.isSplit = version >= 2 && subView.getInt32(12, true) !== 0
    this.firstPage = this.isSplit ? (wide ? word(80) : word(16)) : 0
    this.endPage = this.isSplit ? (wide ? word(88) : word(24)) : this.pageCount
    const info = version >= 3 ? file.bytes(word(32), Math.min(word(40), vmcoreinfoLimit)) : new Uint8Array()
    this.vmcoreinfo =
      info.length === 0 ? undefined : Buffer.from(info).toString('latin1').replace(/\0.*$/s, '')
    this.notes = version >= 4 ? file.bytes(word(48), Math.min(word(56), noteBytesLimit)) : new Uint8Array()

    // Two bitmaps in one area: pages that are memory, and pages that are in the dump.
    const bitmapAt = (1 + subHeaderBlocks) * this.blockSize
    const area = bitmapBlocks * this.blockSize
    const claimed = Math.min(Math.ceil(this.pageCount / 8), area / 2, bitmapLimit)
    const dumpedAt = bitmapAt + area / 2
    const present = Math.max(0, Math.min(claimed, file.size - dumpedAt))
    this.dumped = new BitmapRank(present, (offset, length) => file.bytes(dumpedAt + offset, length))
    this.#descriptors = bitmapAt + area
    this.#skipped = this.isSplit ? this.dumped.countBefore(this.firstPage) : 0
    this.cut = this.#findCut()
    if (this.cut !== undefined) this.problems.push(`${this.cut}; the others read as absent`)
  }

  /** Whether bytes of pages lie behind the end of the file, and of how many: those of zeros share the bytes of one. */
  #findCut(): string | undefined {
    const pages = this.dumped.countBefore(this.endPage) - this.#skipped
    if (this.#descriptors > this.file.size) {
      return `${this.path} is cut short inside its bitmap, at ${atMost(this.file.size, this.#descriptors)} of it: no page is there`
    }
    if (pages === 0 || this.#areLastThere(pages)) return undefined
    // Of a very large dump every so many-th page tells how it is.
    const step = Math.ceil(pages / countedPages)
    let there = 0
    let looked = 0
    for (let rank = 0; rank < pages; rank += step) {
      looked++
      if (this.#isThere(rank)) there++
    }
    const part = step === 1 ? `${there} of ${pages}` : `as ${looked} of ${pages} show`
    return `${this.path} is cut short: it has ${percent(there, looked)} of its pages, ${part}`
  }

  /** Of the last pages many may share their bytes with earlier ones. */
  #areLastThere(pages: number): boolean {
    for (let rank = Math.max(0, pages - lookedAt); rank < pages; rank++)
      if (!this.#isThere(rank)) return false
    return true
  }

  #isThere(rank: number): boolean {
    const end = this.#pageEnd(rank)
    if (end === undefined || end > this.file.size) return false
    // In a file that lies in pieces the last ones may be there, and those between be missing.
    return this.file.mapping !== undefined || this.file.bytes(end - 1, 1).length === 1
  }

  /** Where the bytes of a page end, by its descriptor; undefined where that is missing. */
  #pageEnd(rank: number): number | undefined {
    const bytes = this.file.bytes(this.#descriptors + rank * descriptorLength, descriptorLength)
    if (bytes.length < descriptorLength) return undefined
    const view = viewOf(bytes)
    const size = view.getUint32(8, true)
    // A hole of a flattened file reads as zeros, and no page has none.
    return size === 0 ? undefined : Number(view.getBigUint64(0, true)) + size
  }

  /** Where the descriptor of a page is in the file; -1 when the page is not in the dump. */
  descriptor(page: Block): number {
    if (page < this.firstPage || page >= this.endPage) return -1
    const rank = this.dumped.rank(page)
    return rank < 0 ? -1 : this.#descriptors + (rank - this.#skipped) * descriptorLength
  }
}

function architectureNamed(machine: string): Architecture | undefined {
  return machine === 'x86_64' || machine === 'aarch64' ? machine : undefined
}

/** The pages of one dump, found and unpacked when they are touched. */
class Pages implements FrameSource {
  readonly description: string
  readonly blockSize: number
  readonly windows
  readonly #parts: readonly Part[]
  readonly #unpackers = new Map<number, Unpack>()
  /** Of the descriptor that `place` read last; `load` comes right after. */
  #size = 0
  #flags = 0
  #offset = 0
  #part: Part

  constructor(description: string, parts: readonly Part[], blockSize: number) {
    this.description = description
    this.blockSize = blockSize
    this.#parts = parts
    this.#part = parts[0] as Part
    // Pages that did not shrink lie in the file as they are.
    this.windows = parts.length === 1 ? (this.#part.file.mapping?.windows ?? []) : []
  }

  place(page: Block): number {
    let at = -1
    for (let i = 0; i < this.#parts.length; i++) {
      at = (this.#parts[i] as Part).descriptor(page)
      if (at >= 0) {
        this.#part = this.#parts[i] as Part
        break
      }
    }
    if (at < 0) return -1
    const { file } = this.#part
    const descriptor = file.bytes(at, descriptorLength)
    if (descriptor.length < descriptorLength) return -1
    const view = viewOf(descriptor)
    const offset = asFileOffset(Number(view.getBigUint64(0, true)))
    this.#size = view.getUint32(8, true)
    this.#flags = view.getUint32(12, true)
    this.#offset = offset
    if (this.#size > this.blockSize || !(offset + this.#size <= file.size)) return -1
    const packed = (this.#flags & compressionMask) !== 0
    if (!packed && this.#size !== this.blockSize) return -1
    // A block of 64 KiB may cross windows, whose overlap is a page.
    if (!packed && this.windows.length > 0 && this.blockSize === 4096)
      return inWindows(windowPosition(offset))
    return this.#parts.length === 1 ? offset : offset * splitLimit + this.#parts.indexOf(this.#part)
  }

  load(_page: Block, into: Uint8Array): boolean {
    const bytes = this.#part.file.bytes(this.#offset, this.#size)
    if (bytes.length < this.#size) return false
    const kind = this.#flags & compressionMask
    if (kind === 0) {
      into.set(bytes)
      return true
    }
    let unpack = this.#unpackers.get(kind)
    if (unpack === undefined) {
      const known = compressions.find(([flag]) => flag === kind)
      if (known === undefined) return false
      unpack = unpacker(known[1])
      this.#unpackers.set(kind, unpack)
    }
    return unpack(bytes, into)
  }

  get mapping(): FileMapping | undefined {
    return this.#parts.length === 1 ? this.#part.file.mapping : undefined
  }

  lost(): string | undefined {
    return this.#parts.map(({ file }) => file.lost).find((text) => text !== undefined)
  }

  ranges(): PhysicalRange[] {
    const ranges: PhysicalRange[] = []
    for (const part of this.#parts) {
      for (const { start, length } of part.dumped.runs()) {
        const from = Math.max(start, part.firstPage)
        const to = Math.min(start + length, part.endPage)
        if (from >= to) continue
        const range = { start: asPhysical(from * this.blockSize), length: (to - from) * this.blockSize }
        const last = ranges.at(-1)
        if (last === undefined || ranges.length < rangeLimit) ranges.push(range)
        else
          ranges[ranges.length - 1] = { start: last.start, length: range.start + range.length - last.start }
      }
    }
    return ranges
  }

  close(): void {
    for (const { file } of this.#parts) file.close()
  }
}
