import { describeProblem, type Problem, type VirtualMemory } from '../memory/types.js'

/** Bytes of a value, as far as they can be had. */
export interface Extract {
  readonly bytes: Uint8Array
  /** Why there are fewer than asked for. */
  readonly reason: string | undefined
  readonly problem: Problem | undefined
}

/** A broken file can claim types of any size; real values end far below. */
export const largestValue = 256 * 1024 * 1024
const firstPiece = 64 * 1024

/** Adds to an address; addresses wrap around at 64 bits. */
export function addressAt(address: bigint, distance: bigint): bigint {
  return BigInt.asUintN(64, address + distance)
}

/** Reads a value of any size, growing piece by piece so that a wrong size costs no more than what is there. */
export function extract(memory: VirtualMemory, address: bigint, size: number): Extract {
  if (size <= firstPiece) return single(memory, address, size)
  const wanted = Math.min(size, largestValue)
  const pieces: Uint8Array[] = []
  let length = 0
  while (length < wanted) {
    const next = Math.min(wanted - length, Math.max(firstPiece, length))
    const piece = single(memory, addressAt(address, BigInt(length)), next)
    pieces.push(piece.bytes)
    length += piece.bytes.length
    if (piece.reason !== undefined) return { ...piece, bytes: join(pieces, length) }
  }
  const reason = size > largestValue ? `values end at ${largestValue} bytes` : undefined
  return { bytes: join(pieces, length), reason, problem: undefined }
}

function single(memory: VirtualMemory, address: bigint, size: number): Extract {
  const read = memory.read(address, size)
  if (read.ok) return { bytes: read.bytes, reason: undefined, problem: undefined }
  return { bytes: read.bytes, reason: describeProblem(read.problem), problem: read.problem }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Memory in which some bytes are a copy held here, and everything else is as it is. */
export class OverlaidMemory implements VirtualMemory {
  readonly #under: VirtualMemory
  readonly #start: bigint
  readonly #bytes: Uint8Array

  constructor(under: VirtualMemory, start: bigint, bytes: Uint8Array) {
    this.#under = under
    this.#start = start
    this.#bytes = bytes
  }

  read(address: bigint, length: number): ReturnType<VirtualMemory['read']> {
    const offset = address - this.#start
    if (offset >= 0n && offset + BigInt(length) <= BigInt(this.#bytes.length)) {
      const at = Number(offset)
      return { ok: true, bytes: this.#bytes.subarray(at, at + length) }
    }
    return this.#under.read(address, length)
  }
}
