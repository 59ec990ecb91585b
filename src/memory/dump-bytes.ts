import { closeSync, readSync } from 'node:fs'
import { FileMapping, type OpenFile, openFile } from './mapping.js'

/** The bytes of a dump by their offset in it, wherever the file really has them. */
export interface DumpBytes {
  readonly size: number
  /** Up to `length` bytes: a view where it can be, fewer where the dump ends or leaves a gap. */
  bytes(offset: number, length: number): Uint8Array
  /** The file, where it holds the dump as it is and can be mapped. */
  readonly mapping: FileMapping | undefined
  /** What happened to the file since it was opened, in a sentence; undefined where nothing did. */
  readonly lost: string | undefined
  close(): void
}

const windowSize = 2 ** 30

/** The bytes of a file: mapped where nobody can cut it under us, else read one by one. */
export function openBytes(path: string): DumpBytes {
  const file = openFile(path)
  const mapping = FileMapping.map(file)
  return mapping === undefined ? new ReadBytes(file) : new MappedBytes(mapping)
}

/** A file that others may change while it is read: what they cut off is missing then, and said to be. */
class ReadBytes implements DumpBytes {
  readonly mapping = undefined
  readonly size: number
  readonly #file: OpenFile
  #lost: string | undefined

  constructor(file: OpenFile) {
    this.#file = file
    this.size = file.status.size
  }

  get lost(): string | undefined {
    return this.#lost
  }

  bytes(offset: number, length: number): Uint8Array {
    const wanted = Math.min(offset + length, this.size) - offset
    if (!(offset >= 0) || !(wanted > 0)) return new Uint8Array()
    const bytes = new Uint8Array(wanted)
    let done = 0
    while (done < wanted) {
      const count = readSync(this.#file.fd, bytes, done, wanted - done, offset + done)
      if (count === 0) break
      done += count
    }
    if (done < wanted)
      this.#lost ??= `${this.#file.path} became shorter while it was looked at: what was cut off is missing`
    return bytes.subarray(0, done)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#file.fd)
  }

  #isClosed = false
}

class MappedBytes implements DumpBytes {
  readonly mapping: FileMapping
  readonly size: number

  constructor(mapping: FileMapping) {
    this.mapping = mapping
    this.size = mapping.size
  }

  get lost(): string | undefined {
    return this.mapping.lost
  }

  bytes(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.size)
    if (!(offset >= 0) || !(end > offset)) return new Uint8Array()
    const first = this.mapping.window(Math.floor(offset / windowSize))
    const within = offset % windowSize
    // Windows overlap by a page, so that small pieces are nearly always views.
    if (first !== undefined && within + (end - offset) <= first.bytes.length) {
      return first.bytes.subarray(within, within + (end - offset))
    }
    const out = new Uint8Array(end - offset)
    for (let at = offset; at < end; ) {
      const window = this.mapping.window(Math.floor(at / windowSize))
      // The file was given up or closed: what it held is not zeros but gone.
      if (window === undefined) return out.subarray(0, at - offset)
      const from = at % windowSize
      const count = Math.min(windowSize - from, end - at)
      out.set(window.bytes.subarray(from, from + count), at - offset)
      at += count
    }
    return out
  }

  close(): void {
    this.mapping.close()
  }
}

/** Numbers of a header at an offset; a field beyond the end throws RangeError, so check the length first. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
