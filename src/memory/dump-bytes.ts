import { FileMapping } from './mapping.js'

/** The bytes of a dump by their offset in it, wherever the file really has them. */
export interface DumpBytes {
  readonly size: number
  /** Up to `length` bytes: a view where it can be, fewer where the dump ends or leaves a gap. */
  bytes(offset: number, length: number): Uint8Array
  /** The file, where it holds the dump as it is. */
  readonly mapping: FileMapping | undefined
  close(): void
}

const windowSize = 2 ** 30

/** A dump that is a file as it is. */
export class FileBytes implements DumpBytes {
  readonly mapping: FileMapping
  readonly size: number

  constructor(path: string) {
    this.mapping = new FileMapping(path)
    this.size = this.mapping.size
  }

  bytes(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.size)
    if (!(offset >= 0) || !(end > offset)) return new Uint8Array()
    const { windows } = this.mapping
    const first = windows[Math.floor(offset / windowSize)]
    const within = offset % windowSize
    // Windows overlap by a page, so that small pieces are nearly always views.
    if (first !== undefined && within + (end - offset) <= first.bytes.length) {
      return first.bytes.subarray(within, within + (end - offset))
    }
    const out = new Uint8Array(end - offset)
    for (let at = offset; at < end; ) {
      const window = windows[Math.floor(at / windowSize)]
      if (window === undefined) break
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
