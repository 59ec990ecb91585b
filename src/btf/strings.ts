/** Names longer than this are cut, so that a hostile file cannot make one string for every byte it has. */
const longestName = 1024
/** Bytes of a name that count for its hash. */
export const hashedBytes = 128
export const hashSeed = 0x811c9dc5
export const hashPrime = 0x01000193
/** The low bits of FNV over short names are weak alone: higher ones are folded into them. */
export const hashFold = 15

/** Bytes that memory did not have, first to end. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Stands before the offset of a name whose bytes are missing: different names stay different. */
const unreadablePrefix = 'unreadable_name_'

/** Whether a name is what stands for one that could not be read. */
export function isUnreadableName(name: string): boolean {
  return name.startsWith(unreadablePrefix)
}

/**
 * The string section of a BTF file. Strings of split BTF continue where those of its base end, so an offset
 * below `start` belongs to the base.
 */
export class StringTable {
  readonly bytes: Uint8Array
  readonly #text: Buffer
  readonly #base: StringTable | undefined
  /** The first offset that belongs to this section. */
  readonly start: number
  /** One past the last offset. */
  readonly end: number

  readonly #holes: readonly ByteRange[]

  constructor(bytes: Uint8Array, base: StringTable | undefined, holes: readonly ByteRange[] = []) {
    this.#holes = holes
    this.bytes = bytes
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#base = base
    this.start = base?.end ?? 0
    this.end = this.start + bytes.length
  }

  /** The string at an offset; empty when there is none. */
  at(offset: number): string {
    if (offset === 0) return ''
    const own = offset - this.start
    if (own < 0) return this.#base?.at(offset) ?? ''
    const bytes = this.bytes
    const limit = Math.min(bytes.length, own + longestName)
    let end = own
    while (end < limit && bytes[end] !== 0) end++
    // No name, and not the empty one: what it was is not known.
    if (this.#holes.some((hole) => own < hole.end && end >= hole.start)) return `${unreadablePrefix}${offset}`
    return end > own ? this.#text.toString('utf8', own, end) : ''
  }

  /** The hash of the string at an offset. */
  hash(offset: number): number {
    const own = offset - this.start
    if (own < 0) return this.#base?.hash(offset) ?? hashSeed
    return hashBytes(this.bytes, own)
  }

  /** Whether the string at an offset is exactly these bytes. */
  equals(offset: number, name: Uint8Array): boolean {
    const own = offset - this.start
    if (own < 0) return this.#base?.equals(offset, name) ?? false
    const end = own + name.length
    const ends = end === this.bytes.length || this.bytes[end] === 0
    return ends && startsWith(this.bytes, own, name)
  }

  startsWith(offset: number, prefix: Uint8Array): boolean {
    const own = offset - this.start
    if (own < 0) return this.#base?.startsWith(offset, prefix) ?? false
    return startsWith(this.bytes, own, prefix)
  }
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[at + i] !== prefix[i]) return false
  }
  return true
}

/** FNV-1a up to the first NUL or the end. */
export function hashBytes(bytes: Uint8Array, at: number): number {
  const limit = Math.min(bytes.length, at + hashedBytes)
  let hash = hashSeed
  for (let i = at; i < limit; i++) {
    // In range by the loop's condition.
    const byte = bytes[i] as number
    if (byte === 0) break
    hash = Math.imul(hash ^ byte, hashPrime)
  }
  return hash ^ (hash >>> hashFold)
}
