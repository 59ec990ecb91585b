import type { Attributes, File, OpenFile } from './node.js'

interface Kept {
  readonly bytes: Uint8Array
}

/** Contents that were made, kept as long as there is room: the ones looked at last stay. */
export class ContentCache {
  readonly #limit: number
  readonly #kept = new Map<object, Kept>()
  #size = 0

  constructor(limit = 64 * 2 ** 20) {
    this.#limit = limit
  }

  /** Bytes held. */
  get size(): number {
    return this.#size
  }

  get(owner: object, make: () => Uint8Array): Uint8Array {
    const known = this.#kept.get(owner)
    if (known !== undefined) {
      this.#kept.delete(owner)
      this.#kept.set(owner, known)
      return known.bytes
    }
    const bytes = make()
    if (bytes.length > this.#limit / 4) return bytes
    this.#kept.set(owner, { bytes })
    this.#size += bytes.length
    for (const [other, { bytes: old }] of this.#kept) {
      if (this.#size <= this.#limit) break
      this.#kept.delete(other)
      this.#size -= old.length
    }
    return bytes
  }

  clear(): void {
    this.#kept.clear()
    this.#size = 0
  }
}

interface FileOptions {
  /** Making it takes seconds: asking for its size does not make it. */
  readonly isCostly?: boolean
  readonly about?: string
  readonly attributes?: Attributes
  readonly write?: (text: string) => Promise<void> | void
}

/** A file that is made as a whole when somebody opens it or asks for its size. */
export function wholeFile(
  cache: ContentCache,
  make: () => string | Uint8Array,
  options: FileOptions = {},
): File {
  const owner = {}
  const bytes = (): Uint8Array =>
    cache.get(owner, () => {
      const made = make()
      return typeof made === 'string' ? Buffer.from(made, 'utf8') : made
    })
  return {
    kind: 'file',
    ...options,
    size: () => bytes().length,
    open: () => openBytes(bytes()),
  }
}

export function openBytes(bytes: Uint8Array): OpenFile {
  return {
    read(target, offset) {
      const part = bytes.subarray(offset, offset + target.length)
      target.set(part)
      return part.length
    },
  }
}

/** Streams whose end comes this soon are made whole: their size is known, and reading anywhere in them is free. */
const smallStream = 4 * 2 ** 20

/**
 * A file of any length that is made while it is read. Its size is known when it is small, or once somebody has measured
 * it or read it to the end.
 */
export function streamedFile(
  cache: ContentCache,
  make: () => Iterable<string | Uint8Array>,
  options: FileOptions = {},
): File {
  const { isCostly = false, ...rest } = options
  const owner = {}
  let isLarge = false
  let length: number | undefined
  const small = (): Uint8Array | undefined => {
    if (isLarge) return undefined
    const bytes = cache.get(owner, () => head(make(), smallStream + 1))
    if (bytes.length <= smallStream) return bytes
    isLarge = true
    return undefined
  }
  return {
    kind: 'file',
    ...rest,
    size: () => length ?? (isCostly ? undefined : small()?.length),
    *measure() {
      if (length !== undefined) return
      const whole = small()
      if (whole !== undefined) {
        length = whole.length
        return
      }
      let sum = 0
      for (const piece of make()) {
        sum += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
        yield piece
      }
      length = sum
    },
    open() {
      const whole = small()
      if (whole !== undefined) {
        length = whole.length
        return { ...openBytes(whole), isOfOneStop: isCostly }
      }
      return new Stream(make, (end) => {
        length = end
      })
    },
  }
}

/** The first bytes of a stream, at least `limit` of them when there are as many. */
function head(pieces: Iterable<string | Uint8Array>, limit: number): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 0
  for (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : new Uint8Array(piece)
    parts.push(bytes)
    size += bytes.length
    if (size >= limit) break
  }
  return Buffer.concat(parts)
}

/** Bytes of what was made last that a stream keeps: a kernel that reads ahead may ask a little out of order. */
const streamWindow = 2 ** 20
/** Pieces are joined to this many bytes at least. */
const streamPiece = 64 * 1024

/** Reads forward as the content is made; going back further than what is kept starts anew. */
class Stream implements OpenFile {
  readonly isOfOneStop = true
  readonly #make: () => Iterable<string | Uint8Array>
  readonly #atEnd: (length: number) => void
  #pieces: Iterator<Uint8Array> | undefined
  /** What is kept, in order. */
  #kept: Uint8Array[] = []
  /** Where it begins and ends. */
  #start = 0
  #end = 0

  constructor(make: () => Iterable<string | Uint8Array>, atEnd: (length: number) => void) {
    this.#make = make
    this.#atEnd = atEnd
  }

  read(target: Uint8Array, offset: number): number {
    if (this.#pieces === undefined || offset < this.#start) {
      this.close()
      this.#pieces = joined(this.#make())
    }
    const end = offset + target.length
    let done = this.#copy(target, offset)
    while (this.#end < end) {
      const next = this.#pieces.next()
      if (next.done === true) {
        this.#atEnd(this.#end)
        break
      }
      done += this.#take(next.value, target, offset)
    }
    return done
  }

  /** Adds a piece, and copies what of it is asked for. */
  #take(piece: Uint8Array, target: Uint8Array, offset: number): number {
    const at = this.#end
    this.#kept.push(piece)
    this.#end += piece.length
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      if (this.#end - this.#start - first.length < streamWindow) break
      this.#kept.shift()
      this.#start += first.length
    }
    return copyPart(piece, at, target, offset)
  }

  #copy(target: Uint8Array, offset: number): number {
    let at = this.#start
    let done = 0
    for (const piece of this.#kept) {
      done += copyPart(piece, at, target, offset)
      at += piece.length
    }
    return done
  }

  close(): void {
    this.#pieces?.return?.()
    this.#pieces = undefined
    this.#kept = []
    this.#start = 0
    this.#end = 0
  }
}

/** Copies what a piece at `at` has of the bytes from `offset` on. */
function copyPart(piece: Uint8Array, at: number, target: Uint8Array, offset: number): number {
  const from = Math.max(at, offset)
  const to = Math.min(at + piece.length, offset + target.length)
  if (to <= from) return 0
  target.set(piece.subarray(from - at, to - at), from - offset)
  return to - from
}

/** The same in pieces that are worth the work on each. */
function* joined(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  let waiting: (string | Uint8Array)[] = []
  let size = 0
  const join = (): Uint8Array => {
    const bytes = waiting.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece))
    waiting = []
    size = 0
    return Buffer.concat(bytes)
  }
  for (const piece of pieces) {
    // What is made may be used again by its maker.
    waiting.push(typeof piece === 'string' ? piece : new Uint8Array(piece))
    size += piece.length
    if (size >= streamPiece) yield join()
  }
  if (size > 0) yield join()
}
