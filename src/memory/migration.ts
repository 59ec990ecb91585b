import { CryoscopeError } from '../errors.js'
import { unpacker } from './compression/unpack.js'
import type { Dump } from './dump.js'
import { FileBytes, viewOf } from './dump-bytes.js'
import { CachedMemory, type FrameSource, inWindows } from './frame-cache.js'
import { windowPosition } from './mapping.js'
import { boardOf, ramLayout } from './pci-hole.js'
import type { Segment } from './segmented.js'
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

export function isMigration(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString('latin1') === 'QEVM'
}

/**
 * The RAM in a stream that QEMU migrated into a file (`migrate exec:cat>FILE`, savevm's state). Pages come in any order
 * and again when they changed, so the stream is walked once when it is opened.
 */
export function openMigration(path: string): Dump {
  const file = new FileBytes(path)
  try {
    const stream = new RamStream(path, file)
    stream.walk()
    const [block] = [...stream.blocks.values()].sort((a, b) => b.length - a.length)
    if (block === undefined) {
      throw new CryoscopeError(
        'unreadable',
        `${path} is a QEMU stream without RAM; was it written with x-ignore-shared?`,
      )
    }
    const board = boardOf(stream.machine)
    const problems = [
      ...stream.problems,
      'a QEMU stream is read for its RAM: the vCPUs have no registers here',
    ]
    if (board === undefined)
      problems.push(`machine ${stream.machine} is not known: its RAM is taken to begin at 0`)
    return {
      format: 'QEMU migration stream',
      architecture: board === 'virt' ? 'aarch64' : 'x86_64',
      memory: new CachedMemory(
        new StreamPages(`QEMU stream ${path}`, file, block, ramLayout(board ?? 'flat', block.length)),
      ),
      cpus: [],
      vmcoreinfo: undefined,
      problems,
    }
  } catch (error) {
    file.close()
    throw error
  }
}

interface Block {
  readonly length: number
  /** Per page: 0 absent, above 0 where its bytes are (packed ones marked), below 0 minus one minus the byte that fills it. */
  readonly pages: Float64Array
}

class RamStream {
  machine = ''
  readonly blocks = new Map<string, Block>()
  readonly problems: string[] = []
  readonly #path: string
  readonly #file: FileBytes
  readonly #windows: readonly MemoryWindow[]
  #at = 8
  #block: Block | undefined
  #deltas = 0

  constructor(path: string, file: FileBytes) {
    this.#path = path
    this.#file = file
    this.#windows = file.mapping.windows
    const head = file.bytes(0, 8)
    const version = head.length < 8 ? 0 : viewOf(head).getUint32(4, false)
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
      this.problems.push(
        `the stream ends early, at byte ${Math.min(this.#at, this.#file.size)}: pages that did not come are missing`,
      )
    }
    if (this.#deltas > 0) {
      this.problems.push(
        `${this.#deltas} pages came as differences (xbzrle), which are not read: they are missing`,
      )
    }
  }

  /** False where RAM ends. */
  #section(): boolean {
    const kind = this.#u8()
    switch (kind) {
      case section.configuration:
        this.machine = this.#text(this.#u32())
        return true
      case section.subsection:
        return this.#configurationSubsection()
      case section.start:
      case section.full: {
        this.#u32()
        const name = this.#text(this.#u8())
        this.#at += 8
        if (name !== 'ram') return false
        this.#pages()
        break
      }
      case section.part:
      case section.end:
        this.#u32()
        this.#pages()
        break
      default:
        return false
    }
    if (this.#at < this.#file.size && this.#peek() === section.footer) this.#at += 5
    return true
  }

  /** "configuration/capabilities": a count and as many short texts; "configuration/target-page-bits": a u32. */
  #configurationSubsection(): boolean {
    const name = this.#text(this.#u8())
    this.#at += 4
    if (name === 'configuration/target-page-bits') this.#at += 4
    else if (name === 'configuration/capabilities') {
      for (let count = this.#u32(); count > 0; count--) this.#text(this.#u8())
    } else return false
    return true
  }

  #pages(): void {
    for (;;) {
      const high = this.#u32()
      const low = this.#u32()
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
      if ((flags & ram.same) === 0) this.#block = this.blocks.get(this.#text(this.#u8()))
      this.#page(address / frameSize, flags)
    }
  }

  #page(page: number, flags: number): void {
    let place: number
    if ((flags & ram.zero) !== 0) {
      place = -1 - this.#u8()
    } else if ((flags & ram.page) !== 0) {
      place = this.#at
      this.#at += frameSize
      if (this.#at > this.#file.size) throw new RangeError('cut short')
    } else if ((flags & ram.packed) !== 0) {
      place = packedMark + this.#at
      const length = this.#u32()
      this.#at += length
    } else {
      this.#u8()
      const length = this.#u16()
      this.#at += length
      this.#deltas++
      place = 0
    }
    if (this.#block !== undefined && page < this.#block.pages.length) this.#block.pages[page] = place
  }

  #sizes(total: number): void {
    for (let left = total; left > 0; ) {
      const name = this.#text(this.#u8())
      const length = this.#u32() * 2 ** 32 + this.#u32()
      if (this.blocks.size >= blockLimit || length <= 0 || length > 2 ** 52) {
        throw new CryoscopeError('unreadable', `${this.#path} is damaged: its list of RAM blocks cannot be`)
      }
      // Each page takes 9 bytes of the stream at least, and they come in order at first.
      const pages = Math.min(Math.ceil(length / frameSize), Math.ceil(this.#file.size / 8))
      this.blocks.set(name, { length, pages: new Float64Array(pages) })
      left -= length
    }
  }

  #peek(): number {
    const window = this.#windows[Math.floor(this.#at / 2 ** 30)]
    if (window === undefined || this.#at >= this.#file.size) throw new RangeError('cut short')
    return window.view.getUint8(this.#at % 2 ** 30)
  }

  #u8(): number {
    const byte = this.#peek()
    this.#at++
    return byte
  }

  #u16(): number {
    return this.#u8() * 256 + this.#u8()
  }

  #u32(): number {
    const window = this.#windows[Math.floor(this.#at / 2 ** 30)]
    if (window === undefined) throw new RangeError('cut short')
    // Throws a RangeError behind the end. Windows overlap, so that no word lies in two.
    const word = window.view.getUint32(this.#at % 2 ** 30, false)
    this.#at += 4
    return word
  }

  #text(length: number): string {
    const bytes = this.#file.bytes(this.#at, Math.min(length, 4096))
    if (bytes.length < length) throw new RangeError('cut short')
    this.#at += length
    return Buffer.from(bytes).toString('latin1')
  }
}

/** The pages of one RAM block at their physical addresses. */
class StreamPages implements FrameSource {
  readonly blockSize = frameSize
  readonly description: string
  readonly windows: readonly MemoryWindow[]
  readonly #file: FileBytes
  readonly #block: Block
  readonly #layout: readonly Segment[]
  readonly #unpack = unpacker('zlib')

  constructor(description: string, file: FileBytes, block: Block, layout: readonly Segment[]) {
    this.description = description
    this.#file = file
    this.windows = file.mapping.windows
    this.#block = block
    this.#layout = layout
  }

  place(frame: number): number {
    const place = this.#placeOf(frame)
    if (place === 0) return -1
    if (place > 0 && place < packedMark) return inWindows(windowPosition(place))
    return place > 0 ? place : -1 - place
  }

  load(frame: number, into: Uint8Array): boolean {
    const place = this.#placeOf(frame)
    if (place < 0) {
      into.fill(-1 - place)
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

  #placeOf(frame: number): number {
    const start = frame * frameSize
    for (const { physical, offset, length } of this.#layout) {
      if (start >= physical && start < physical + length) {
        return this.#block.pages[(offset + start - physical) / frameSize] ?? 0
      }
    }
    return 0
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
          if (ranges.length < rangeLimit) ranges.push({ start: physical + start, length: done - start })
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
