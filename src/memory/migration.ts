import { asFileOffset, asFrame, asPhysical, type Block, type Frame, frameStart } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { unpacker } from './compression/unpack.js'
import { percent } from './cut.js'
import type { Dump } from './dump.js'
import { type DumpBytes, openBytes, viewOf } from './dump-bytes.js'
import { CachedMemory, type FrameSource, inWindows } from './frame-cache.js'
import { type FileMapping, windowPosition } from './mapping.js'
import { boardOf, ramLayout } from './pci-hole.js'
import type { Segment } from './segmented.js'
import { StreamReader } from './stream-reader.js'
import type { MemoryWindow, PhysicalRange } from './types.js'

const frameSize = 4096
const streamVersion = 3
/** Kinds of section (QEMU migration/savevm.h). */
const section = { start: 1, part: 2, end: 3, full: 4, subsection: 5, configuration: 7, footer: 0x7e } as const
/** Flags in the low bits of a RAM page's address (migration/ram.c). */
const ram = {
  zero: 0x2,
  sizes: 0x4,
  page: 0x8,
  end: 0x10,
  same: 0x20,
  delta: 0x40,
  packed: 0x100,
  flush: 0x200,
} as const
const blockLimit = 4096
const rangeLimit = 2 ** 20
/** Marks a place whose page is packed. */
const packedMark = 2 ** 50
/** Tells places in a file that scatters its bytes from the bytes that fill a page. */
const scatteredMark = 2 ** 51

export function isMigration(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString('latin1') === 'QEVM'
}

/** A stream that QEMU migrated into a file (`migrate exec:cat>FILE`). */
export function openMigration(path: string): Dump {
  return parseMigration(path, openBytes(path), 0, 'QEMU migration stream')
}

/**
 * The RAM in a stream of QEMU that begins at byte `start` of `file`, which is closed with it. Pages come in any order and
 * again when they changed, so the stream is walked once when it is opened.
 */
export function parseMigration(path: string, file: DumpBytes, start: number, format: string): Dump {
  try {
    const stream = new RamStream(path, file, start)
    stream.walk()
    const [block] = [...stream.blocks.values()].sort((a, b) => b.length - a.length)
    if (block === undefined) {
      throw new CryoscopeError(
        'unreadable',
        stream.cut ?? `${path} is a QEMU stream without RAM; was it written with x-ignore-shared?`,
      )
    }
    const board = boardOf(stream.machine)
    const segments = ramLayout(board ?? 'flat', block.length)
    const lay = (layout: readonly Segment[]): CachedMemory =>
      new CachedMemory(new StreamPages(`${format} ${path}`, file, block, layout))
    const problems = [
      ...stream.problems,
      'a QEMU stream is read for its RAM: the vCPUs have no registers here',
    ]
    if (board === undefined)
      problems.push(`machine ${escapeText(stream.machine)} is not known: its RAM is taken to begin at 0`)
    return {
      format,
      architecture: board === 'virt' ? 'aarch64' : 'x86_64',
      memory: lay(segments),
      ram: { size: block.length, segments, lay },
      cpus: [],
      vmcoreinfo: undefined,
      cut: stream.cut,
      saysMissing: true,
      problems,
    }
  } catch (error) {
    file.close()
    throw error
  }
}

interface RamBlock {
  readonly length: number
  /** Per page: 0 absent, above 0 where its bytes are (packed ones marked), below 0 minus one minus the byte that fills it. */
  readonly pages: Float64Array
}

class RamStream {
  machine = ''
  readonly blocks = new Map<string, RamBlock>()
  readonly problems: string[] = []
  /** That the stream ends early, and which part of the pages came. */
  cut: string | undefined
  readonly #path: string
  readonly #file: DumpBytes
  readonly #reader: StreamReader
  #block: RamBlock | undefined
  #deltas = 0

  constructor(path: string, file: DumpBytes, start: number) {
    this.#path = path
    this.#file = file
    this.#reader = new StreamReader(file, start + 8)
    const head = file.bytes(start, 8)
    if (head.length < 8) {
      throw new CryoscopeError('unreadable', `${path} is cut short before the QEMU stream in it begins`)
    }
    if (!isMigration(head)) {
      throw new CryoscopeError(
        'unreadable',
        `${path} has no QEMU stream at byte ${start}, where one should begin`,
      )
    }
    const version = viewOf(head).getUint32(4, false)
    if (version !== streamVersion) {
      throw new CryoscopeError(
        'unreadable',
        `${path} is a QEMU stream of version ${version}; version 3 is read`,
      )
    }
  }

  walk(): void {
    try {
      while (this.#section()) {
        // Sections of RAM, until another kind begins: behind it come devices.
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      const at = Math.min(this.#reader.at, this.#file.size)
      this.cut = `${this.#path} is cut short: the stream ends at byte ${at}, ${this.#comeText()}`
      this.problems.push(`${this.cut}: pages that did not come are missing`)
    }
    if (this.#deltas > 0) {
      this.problems.push(
        `${this.#deltas} pages came as differences (xbzrle), which are not read: they are missing`,
      )
    }
  }

  /** Each page comes once at first: those that came tell how far it is. */
  #comeText(): string {
    let come = 0
    let pages = 0
    for (const block of this.blocks.values()) {
      pages += Math.ceil(block.length / frameSize)
      for (const place of block.pages) if (place !== 0) come++
    }
    return pages === 0 ? 'before any page came' : `with ${percent(come, pages)} of the pages of RAM`
  }

  /** False where RAM ends. */
  #section(): boolean {
    const kind = this.#reader.u8()
    switch (kind) {
      case section.configuration:
        this.machine = this.#reader.text(this.#reader.u32())
        return true
      case section.subsection:
        return this.#configurationSubsection()
      case section.start:
      case section.full: {
        this.#reader.u32()
        const name = this.#reader.text(this.#reader.u8())
        this.#reader.skip(8)
        if (name !== 'ram') return false
        this.#pages()
        break
      }
      case section.part:
      case section.end:
        this.#reader.u32()
        this.#pages()
        break
      default:
        return false
    }
    if (!this.#reader.isAtEnd && this.#reader.peek() === section.footer) this.#reader.skip(5)
    return true
  }

  /** "configuration/capabilities": a count and as many short texts; "configuration/target-page-bits": a u32. */
  #configurationSubsection(): boolean {
    const name = this.#reader.text(this.#reader.u8())
    this.#reader.skip(4)
    if (name === 'configuration/target-page-bits') this.#reader.skip(4)
    else if (name === 'configuration/capabilities') {
      for (let count = this.#reader.u32(); count > 0; count--) this.#reader.text(this.#reader.u8())
    } else return false
    return true
  }

  #pages(): void {
    for (;;) {
      const high = this.#reader.u32()
      const low = this.#reader.u32()
      const flags = low & 0xfff
      const address = high * 2 ** 32 + ((low & ~0xfff) >>> 0)
      if ((flags & ram.end) !== 0) return
      if ((flags & ram.sizes) !== 0) {
        this.#sizes(address)
        continue
      }
      if (flags === ram.flush) continue
      if ((flags & (ram.zero | ram.page | ram.delta | ram.packed)) === 0) {
        throw new CryoscopeError(
          'unreadable',
          `${this.#path} has RAM records of kind 0x${flags.toString(16)}, which are not read; write it without multifd, rdma and mapped-ram`,
        )
      }
      if ((flags & ram.same) === 0) this.#block = this.blocks.get(this.#reader.text(this.#reader.u8()))
      this.#page(address / frameSize, flags)
    }
  }

  #page(page: number, flags: number): void {
    let place: number
    if ((flags & ram.zero) !== 0) {
      place = -1 - this.#reader.u8()
    } else if ((flags & ram.page) !== 0) {
      place = this.#reader.at
      this.#reader.skip(frameSize)
    } else if ((flags & ram.packed) !== 0) {
      place = packedMark + this.#reader.at
      this.#reader.skip(this.#reader.u32())
    } else {
      this.#reader.u8()
      this.#reader.skip(this.#reader.u16())
      this.#deltas++
      place = 0
    }
    if (this.#block !== undefined && page < this.#block.pages.length) this.#block.pages[page] = place
  }

  #sizes(total: number): void {
    for (let left = total; left > 0; ) {
      const name = this.#reader.text(this.#reader.u8())
      const length = this.#reader.u32() * 2 ** 32 + this.#reader.u32()
      if (this.blocks.size >= blockLimit || length <= 0 || length > 2 ** 52) {
        throw new CryoscopeError('unreadable', `${this.#path} is damaged: its list of RAM blocks cannot be`)
      }
      // Each page takes 9 bytes of the stream at least, and they come in order at first.
      const pages = Math.min(Math.ceil(length / frameSize), Math.ceil(this.#file.size / 8))
      this.blocks.set(name, { length, pages: new Float64Array(pages) })
      left -= length
    }
  }
}

/** The pages of one RAM block at their physical addresses. */
class StreamPages implements FrameSource {
  readonly blockSize = frameSize
  readonly description: string
  readonly windows: readonly MemoryWindow[]
  readonly #file: DumpBytes
  readonly #block: RamBlock
  readonly #layout: readonly Segment[]
  readonly #unpack = unpacker('zlib')

  constructor(description: string, file: DumpBytes, block: RamBlock, layout: readonly Segment[]) {
    this.description = description
    this.#file = file
    this.windows = file.mapping?.windows ?? []
    this.#block = block
    this.#layout = layout
  }

  place(block: Block): number {
    const place = this.#placeOf(asFrame(block))
    if (place === 0) return -1
    if (place > 0 && place < packedMark) {
      return this.#file.mapping === undefined
        ? scatteredMark + place
        : inWindows(windowPosition(asFileOffset(place)))
    }
    return place > 0 ? place : -1 - place
  }

  load(block: Block, into: Uint8Array): boolean {
    const place = this.#placeOf(asFrame(block))
    if (place < 0) {
      into.fill(-1 - place)
      return true
    }
    if (place < packedMark) {
      const page = this.#file.bytes(place, frameSize)
      if (page.length < frameSize) return false
      into.set(page)
      return true
    }
    const at = place - packedMark
    const head = this.#file.bytes(at, 4)
    if (head.length < 4) return false
    return this.#unpack(
      this.#file.bytes(at + 4, Math.min(viewOf(head).getUint32(0, false), 2 * frameSize)),
      into,
    )
  }

  #placeOf(frame: Frame): number {
    const start = frameStart(frame)
    for (const { physical, offset, length } of this.#layout) {
      if (start >= physical && start < physical + length) {
        return this.#block.pages[(offset + start - physical) / frameSize] ?? 0
      }
    }
    return 0
  }

  get mapping(): FileMapping | undefined {
    return this.#file.mapping
  }

  lost(): string | undefined {
    return this.#file.lost
  }

  ranges(): PhysicalRange[] {
    const ranges: PhysicalRange[] = []
    for (const { physical, offset, length } of this.#layout) {
      let start = -1
      // What the stream claims may be far more than what came.
      const end = Math.min(length, Math.max(0, this.#block.pages.length * frameSize - offset))
      for (let done = 0; done <= end; done += frameSize) {
        const held = done < end && (this.#block.pages[(offset + done) / frameSize] ?? 0) !== 0
        if (held && start < 0) start = done
        if (!held && start >= 0) {
          if (ranges.length < rangeLimit)
            ranges.push({ start: asPhysical(physical + start), length: done - start })
          start = -1
        }
      }
    }
    return ranges
  }

  close(): void {
    this.#file.close()
  }
}
