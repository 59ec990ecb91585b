import { closeSync, fstatSync, openSync } from 'node:fs'
import koffi from 'koffi'
import { CryoscopeError } from '../errors.js'
import type { MemoryWindow } from './types.js'

/** Node 20 aborts on buffers of 4 GiB and more, so files are mapped in windows of 1 GiB. */
const windowSize = 2 ** 30
/** Windows overlap by a page so that a frame at an unaligned file offset never straddles two of them. */
const overlap = 4096

const PROT_READ = 1
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const SEEK_DATA = 3
const SEEK_HOLE = 4

type Pointer = unknown

interface Libc {
  mmap(at: Pointer, length: number, protection: number, flags: number, fd: number, offset: number): Pointer
  lseek(fd: number, offset: number, whence: number): number
}

let libc: Libc | undefined

function system(): Libc {
  if (libc === undefined) {
    const library = koffi.load(null)
    libc = {
      mmap: library.func('void *mmap(void *, size_t, int, int, int, int64_t)') as Libc['mmap'],
      lseek: library.func('int64_t lseek(int, int64_t, int)') as Libc['lseek'],
    }
  }
  return libc
}

/** A piece of a file that holds data. */
export interface Extent {
  readonly offset: number
  readonly length: number
}

/** A file mapped read-only, zero-copy. Pages are read by the kernel when touched. */
export class FileMapping {
  readonly size: number
  readonly windows: readonly MemoryWindow[]
  readonly #fd: number
  #pointers: { pointer: Pointer; length: number }[] = []

  constructor(path: string) {
    this.#fd = openForReading(path)
    try {
      const status = fstatSync(this.#fd)
      if (!status.isFile()) {
        const what = status.isDirectory() ? 'a directory' : 'a device or pipe'
        throw new CryoscopeError('unreadable', `${path} is ${what}; name a file`)
      }
      this.size = status.size
      this.windows = this.#map()
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  #map(): MemoryWindow[] {
    const windows: MemoryWindow[] = []
    for (let offset = 0; offset < this.size; offset += windowSize) {
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
      windows.push({ bytes: new Uint8Array(buffer), view: new DataView(buffer) })
    }
    return windows
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
      extents.push({ offset: start, length: Math.min(end, this.size) - start })
      offset = end
    }
    return extents
  }

  /**
   * Lets the file go. The address range stays, as zero pages, so that a view somebody kept reads zeros
   * rather than killing the process.
   */
  close(): void {
    if (this.#pointers.length === 0) return
    for (const { pointer, length } of this.#pointers) {
      system().mmap(
        pointer,
        length,
        PROT_READ,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
        -1,
        0,
      )
    }
    this.#pointers = []
    closeSync(this.#fd)
  }
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
export function windowPosition(offset: number): number {
  return Math.floor(offset / windowSize) * 2 ** 32 + (offset % windowSize)
}

/** The reverse. */
export function fileOffset(position: number): number {
  return Math.floor(position / 2 ** 32) * windowSize + (position >>> 0)
}
