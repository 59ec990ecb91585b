import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { freemem } from 'node:os'
import koffi from 'koffi'
import { asFileOffset, asPosition, type FileOffset, type Position } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { isWritableByOthers, lease, release } from './lease.js'
import { type Pointer, system } from './libc.js'
import type { MemoryWindow } from './types.js'
import { windowOver } from './window.js'

/** Node 20 aborts on buffers of 4 GiB and more, so files are mapped in windows of 1 GiB. */
export const windowSize = 2 ** 30
/** Windows overlap by a page so that a frame at an unaligned file offset never straddles two of them. */
const overlap = 4096

/** Of a file that is about to be overwritten as much is kept, if memory allows. */
const keptAtMost = 2 ** 30

const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const SEEK_DATA = 3
const SEEK_HOLE = 4

/** A piece of a file that holds data. */
export interface Extent {
  readonly offset: FileOffset
  readonly length: number
}

/** Address space goes back when nobody holds a view of it any more. */
const unused = new FinalizationRegistry<{ readonly pointer: Pointer; readonly length: number }>(
  ({ pointer, length }) => system().munmap(pointer, length),
)

/** A file that is open for reading, and what is known of how safe it is to map it. */
export interface OpenFile {
  readonly path: string
  readonly fd: number
  readonly status: Stats
}

/** Opens a file for reading. Throws CryoscopeError with a sentence where there is none that can be read. */
export function openFile(path: string): OpenFile {
  const fd = openForReading(path)
  const status = fstatSync(fd)
  if (status.isFile()) return { path, fd, status }
  closeSync(fd)
  const what = status.isDirectory() ? 'a directory' : 'a device or pipe'
  throw new CryoscopeError('unreadable', `${path} is ${what}; name a file`)
}

/**
 * A file mapped read-only, zero-copy. Pages are read by the kernel when touched: one that is no more there by then ends the
 * process (SIGBUS). `map` maps files that nobody can cut meanwhile: by a lease, or because only this user could.
 */
export class FileMapping {
  readonly size: number
  readonly #path: string
  readonly #fd: number
  // Mapped when they are first asked for: a thousand of them take seconds.
  #windows: MemoryWindow[] = []
  #pointers: { pointer: Pointer; length: number }[] = []
  #lost: string | undefined
  /** Called when what was mapped is no more to be had; windows read as zero from then on. */
  onLost: (() => void) | undefined

  /** Maps a file whose size nobody changes: the RAM of a guest. */
  constructor(path: string | OpenFile) {
    const file = typeof path === 'string' ? openFile(path) : path
    this.#path = file.path
    this.#fd = file.fd
    this.size = file.status.size
    this.#windows = new Array(Math.ceil(this.size / windowSize))
  }

  /** Undefined where others can write to the file, and no lease of it is to be had: it is better read than mapped then. */
  static map(file: OpenFile): FileMapping | undefined {
    let mapping: FileMapping | undefined
    const had = lease(file.fd, () => {
      if (mapping !== undefined) mapping.#giveUp()
    })
    if (had === 'written' || (had === 'none' && isWritableByOthers(file.status))) return undefined
    mapping = new FileMapping(file)
    return mapping
  }

  /** Those that were asked for so far, at their places. */
  get windows(): readonly MemoryWindow[] {
    return this.#windows
  }

  /** The window of that number: bytes from number * 1 GiB on. Undefined behind the end of the file, and once it is closed. */
  window(number: number): MemoryWindow | undefined {
    const known = this.#windows[number]
    const isOne = Number.isInteger(number) && number >= 0 && number < this.#windows.length
    if (known !== undefined || !isOne) return known
    const window = this.#map(number * windowSize)
    this.#windows[number] = window
    return window
  }

  /** What happened to the file since it was opened, in a sentence; undefined where nothing did. */
  get lost(): string | undefined {
    return this.#lost
  }

  /** Somebody is about to write to the file. What it holds is kept in memory where that can be. */
  #giveUp(): void {
    const extents = this.extents()
    const data = extents.reduce((sum, { length }) => sum + length, 0)
    if (data <= Math.min(keptAtMost, freemem() / 4)) {
      this.#replace(PROT_READ | PROT_WRITE)
      for (const [i, window] of this.#windows.entries()) {
        // What was not looked at so far is to be had as well.
        const { bytes } = window ?? this.#anonymous(i)
        for (const { offset, length } of extents) this.#keep(bytes, i * windowSize, offset, length)
      }
      return
    }
    this.#lost = `${this.#path} was opened for writing while it was looked at: what it held is not read any more`
    this.#replace(PROT_READ)
    this.#windows = []
    this.onLost?.()
  }

  /** A window that is not of the file any more. */
  #anonymous(number: number): MemoryWindow {
    const length = Math.min(windowSize + overlap, this.size - number * windowSize)
    const window = windowOver(new ArrayBuffer(length))
    this.#windows[number] = window
    return window
  }

  /** Reads the part of an extent that lies in a window to its place there. */
  #keep(bytes: Uint8Array, start: number, offset: number, length: number): void {
    const from = Math.max(start, offset)
    const end = Math.min(start + bytes.length, offset + length)
    for (let at = from; at < end; ) {
      const count = readSync(this.#fd, bytes, at - start, end - at, at)
      if (count === 0) return
      at += count
    }
  }

  #map(offset: number): MemoryWindow {
    const length = Math.min(windowSize + overlap, this.size - offset)
    const pointer = system().mmap(null, length, PROT_READ, MAP_SHARED, this.#fd, offset)
    const address = koffi.address(pointer)
    if (BigInt.asIntN(64, address) === -1n) {
      throw new CryoscopeError(
        'environment',
        `cannot map ${length} bytes of memory; raise the address space limit (ulimit -v)`,
      )
    }
    this.#pointers.push({ pointer, length })
    const buffer = koffi.view(pointer, length)
    unused.register(buffer, { pointer, length })
    return windowOver(buffer)
  }

  /** Zero pages at the place of the file's. */
  #replace(protection: number): void {
    for (const { pointer, length } of this.#pointers) {
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE
      system().mmap(pointer, length, protection, flags, -1, 0)
    }
  }

  /**
   * Extents that may hold data. Touching a hole of a tmpfs file through the mapping would allocate it,
   * so scans ask here first.
   */
  extents(): Extent[] {
    const extents: Extent[] = []
    let offset = 0
    while (offset < this.size) {
      const start = system().lseek(this.#fd, offset, SEEK_DATA)
      if (start < 0) break
      const end = system().lseek(this.#fd, start, SEEK_HOLE)
      if (end <= start) break
      extents.push({ offset: asFileOffset(start), length: Math.min(end, this.size) - start })
      offset = end
    }
    return extents
  }

  /**
   * Lets the file go. Its place in the address space stays as zero pages for as long as somebody holds a view of it, which
   * reads zeros rather than killing the process.
   */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    release(this.#fd)
    this.#replace(PROT_READ)
    this.#pointers = []
    this.#windows = []
    closeSync(this.#fd)
  }

  #isClosed = false
}

function openForReading(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw new CryoscopeError('not-found', `there is no file ${path}`, { cause })
    if (code === 'EACCES' || code === 'EPERM') {
      throw new CryoscopeError('environment', `may not read ${path}; run as a user who may`, { cause })
    }
    throw new CryoscopeError('unreadable', `cannot open ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** Position of a file offset as `PhysicalMemory.locate` answers it. */
export function windowPosition(offset: FileOffset): Position {
  return asPosition(Math.floor(offset / windowSize) * 2 ** 32 + (offset % windowSize))
}

/** The reverse. */
export function fileOffset(position: Position): FileOffset {
  return asFileOffset(Math.floor(position / 2 ** 32) * windowSize + (position >>> 0))
}
