import { CryoscopeError } from '../errors.js'
import { atMost } from './cut.js'
import { type DumpBytes, openBytes, viewOf } from './dump-bytes.js'

/** makedumpfile.h: struct makedumpfile_header, padded to 4096 bytes, then pieces with a header of two big-endian words. */
const signature = 'makedumpfile\0\0\0\0'
const headerSize = 4096
const pieceHeaderSize = 16
/** A dump of a terabyte in the usual pieces has fewer; the index takes 24 bytes of each. */
const pieceLimit = 2 ** 24

export function isFlattened(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, signature.length)).toString('latin1') === signature
}

/**
 * A dump in makedumpfile's flattened format: what a pipe can carry, and what QEMU writes for kdump. Pieces may come in
 * any order and overwrite earlier ones, so their headers are all read when it is opened.
 */
export class FlattenedBytes implements DumpBytes {
  readonly mapping = undefined
  readonly size: number
  /** What is odd about it, in sentences. */
  readonly problems: readonly string[]
  /** That the file ends before it should, and which part of it came at most; the rest of its pieces may lie anywhere. */
  readonly cut: string | undefined
  readonly #file: DumpBytes
  // Pieces by their offset in the dump, not overlapping: where each begins, how long it is, where the file has it.
  readonly #starts: Float64Array
  readonly #lengths: Float64Array
  readonly #places: Float64Array

  constructor(path: string) {
    this.#file = openBytes(path)
    try {
      const { pieces, problems, isCut } = readPieces(this.#file, path)
      const sorted = withoutOverlaps(pieces)
      this.#starts = Float64Array.from(sorted, ({ start }) => start)
      this.#lengths = Float64Array.from(sorted, ({ length }) => length)
      this.#places = Float64Array.from(sorted, ({ place }) => place)
      const last = sorted.at(-1)
      this.size = last === undefined ? 0 : last.start + last.length
      const held = this.#lengths.reduce((sum, length) => sum + length, 0)
      this.cut = isCut
        ? `the flattened file has no end mark: ${path} is cut short, ${held === 0 ? 'before anything of the dump came' : `with ${atMost(held, this.size)} of what it should have`}`
        : undefined
      this.problems = this.cut === undefined ? problems : [...problems, this.cut]
    } catch (error) {
      this.#file.close()
      throw error
    }
  }

  get lost(): string | undefined {
    return this.#file.lost
  }

  bytes(offset: number, length: number): Uint8Array {
    if (!(offset >= 0) || !(length > 0)) return new Uint8Array()
    let piece = this.#find(offset)
    if (piece < 0) return new Uint8Array()
    const within = offset - (this.#starts[piece] as number)
    const whole = (this.#lengths[piece] as number) - within
    if (length <= whole) return this.#file.bytes((this.#places[piece] as number) + within, length)
    const parts: Uint8Array[] = []
    let done = 0
    while (done < length) {
      const from = offset + done - (this.#starts[piece] ?? Number.POSITIVE_INFINITY)
      if (from < 0) break
      const count = Math.min((this.#lengths[piece] as number) - from, length - done)
      const part = this.#file.bytes((this.#places[piece] as number) + from, count)
      parts.push(part)
      // What the file lost meanwhile leaves a gap, which the next piece must not fill.
      if (part.length < count) break
      done += count
      piece++
    }
    return Buffer.concat(parts)
  }

  /** The piece that holds an offset, or -1. */
  #find(offset: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const start = this.#starts[middle] as number
      if (offset < start) high = middle - 1
      else if (offset < start + (this.#lengths[middle] as number)) return middle
      else low = middle + 1
    }
    return -1
  }

  close(): void {
    this.#file.close()
  }
}

interface Piece {
  readonly start: number
  readonly length: number
  readonly place: number
}

interface Pieces {
  readonly pieces: Piece[]
  readonly problems: readonly string[]
  readonly isCut: boolean
}

function readPieces(file: DumpBytes, path: string): Pieces {
  const pieces: Piece[] = []
  const problems: string[] = []
  for (let at = headerSize; ; ) {
    const header = file.bytes(at, pieceHeaderSize)
    const view = header.length < pieceHeaderSize ? undefined : viewOf(header)
    const start = view === undefined ? 0 : Number(view.getBigInt64(0, false))
    const length = view === undefined ? 0 : Number(view.getBigInt64(8, false))
    if (view === undefined) return { pieces, problems, isCut: true }
    if (start === -1) return { pieces, problems, isCut: false }
    const place = at + pieceHeaderSize
    if (!(start >= 0 && start < 2 ** 52 && length > 0 && length < 2 ** 52)) {
      problems.push(`the flattened file has a piece that cannot be, at byte ${at}: the rest is left out`)
      return { pieces, problems, isCut: false }
    }
    if (pieces.length === pieceLimit) {
      throw new CryoscopeError(
        'unreadable',
        `${path} has more than ${pieceLimit} pieces; put it together with makedumpfile -R and open the result`,
      )
    }
    const held = Math.min(length, file.size - place)
    if (held > 0) pieces.push({ start, length: held, place })
    at = place + length
  }
}

/** Sorted by offset, later pieces before the earlier ones that they overwrite. */
function withoutOverlaps(pieces: readonly Piece[]): Piece[] {
  const inOrder = pieces.every((piece, i) => {
    const before = pieces[i - 1]
    return before === undefined || piece.start >= before.start + before.length
  })
  if (inOrder) return [...pieces]
  // What was written last is taken first; of the others what is still free.
  const edges: { at: number; piece: number; opens: boolean }[] = []
  for (const [piece, { start, length }] of pieces.entries()) {
    edges.push({ at: start, piece, opens: true }, { at: start + length, piece, opens: false })
  }
  edges.sort((a, b) => a.at - b.at)
  const open = new Newest()
  const result: Piece[] = []
  let at = 0
  for (const edge of edges) {
    const top = open.top()
    const piece = top === undefined ? undefined : pieces[top]
    if (piece !== undefined && edge.at > at) {
      const last = result.at(-1)
      const place = piece.place + (at - piece.start)
      if (last !== undefined && last.start + last.length === at && last.place + last.length === place) {
        result[result.length - 1] = { ...last, length: last.length + (edge.at - at) }
      } else {
        result.push({ start: at, length: edge.at - at, place })
      }
    }
    at = edge.at
    if (edge.opens) open.add(edge.piece)
    else open.remove(edge.piece)
  }
  return result
}

/** The newest of the pieces that cover a place: a heap, with those that ended left in it until they come to its top. */
class Newest {
  readonly #ended = new Set<number>()
  readonly #heap: number[] = []

  /** Pieces are numbered as they were written. */
  add(piece: number): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(piece)
    // The top has no parent that it could be newer than.
    for (let parent = (at - 1) >> 1; this.#newer(at, parent); parent = (at - 1) >> 1) {
      this.#swap(at, parent)
      at = parent
    }
  }

  remove(piece: number): void {
    this.#ended.add(piece)
  }

  top(): number | undefined {
    const heap = this.#heap
    while (heap[0] !== undefined && this.#ended.has(heap[0])) {
      const last = heap.pop() as number
      if (heap.length === 0) break
      heap[0] = last
      for (let at = 0; ; ) {
        let newest = at
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < heap.length && this.#newer(child, newest)) newest = child
        }
        if (newest === at) break
        this.#swap(at, newest)
        at = newest
      }
    }
    return heap[0]
  }

  #newer(a: number, b: number): boolean {
    return (this.#heap[a] as number) > (this.#heap[b] as number)
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    ;[heap[a], heap[b]] = [heap[b] as number, heap[a] as number]
  }
}
