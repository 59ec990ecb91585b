import { symbolKinds } from './kind.js'
import type { Records } from './records.js'
import { hashBytes, hashedBytes, hashFold, hashPrime, hashSeed } from './strings.js'

/**
 * Finds types or symbols by name: a hash table of records over the bytes of their names, so that no string is
 * made for what nobody asks for. Ids with the same name come in ascending order.
 */
export class NameIndex {
  readonly #records: Records
  /** Indices into `offsets` of the records in the table. */
  readonly #entries: Uint32Array
  /** First entry of each bucket's chain, plus one; 0 ends a chain. */
  readonly #heads: Int32Array
  readonly #next: Int32Array

  private constructor(records: Records, entries: Uint32Array) {
    this.#records = records
    this.#entries = entries
    let bits = 4
    while (1 << bits < entries.length) bits++
    this.#heads = new Int32Array(1 << bits)
    this.#next = new Int32Array(entries.length)
    fill(records, entries, this.#heads, this.#next)
  }

  /** Of structs, typedefs and whatever else is a type. */
  static ofTypes(records: Records): NameIndex {
    return new NameIndex(records, records.named)
  }

  /** Of functions, variables and sections. */
  static ofSymbols(records: Records): NameIndex {
    const { words, offsets } = records
    const entries = new Uint32Array(offsets.length)
    let count = 0
    for (let n = 0; n < offsets.length; n++) {
      // Indices come from the index itself and are in range.
      const kind = ((words[(offsets[n] as number) + 1] as number) >>> 24) & 0x7f
      if (kind < 32 && ((symbolKinds >>> kind) & 1) !== 0) entries[count++] = n
    }
    return new NameIndex(records, entries.slice(0, count))
  }

  /** The ids of this file with that name, in ascending order. */
  *ids(name: Uint8Array): Generator<number> {
    if (name.length === 0) return
    const { offsets, words, strings, startId } = this.#records
    // All of these are in range: they come from the index itself.
    let entry = this.#heads[hashBytes(name, 0) & (this.#heads.length - 1)] as number
    while (entry !== 0) {
      const n = this.#entries[entry - 1] as number
      if (strings.equals(words[offsets[n] as number] as number, name)) yield n + startId
      entry = this.#next[entry - 1] as number
    }
  }
}

/** Runs before the engine has compiled it, where every call costs: so the hash is written out here. */
function fill(
  { words, offsets, strings }: Records,
  entries: Uint32Array,
  heads: Int32Array,
  next: Int32Array,
): void {
  const mask = heads.length - 1
  const { bytes, start } = strings
  // Backwards, because each is put before those with the same hash.
  for (let entry = entries.length - 1; entry >= 0; entry--) {
    // Indices come from the index itself and are in range.
    const nameOffset = words[offsets[entries[entry] as number] as number] as number
    if (nameOffset === 0) continue
    let hash: number
    if (nameOffset < start) {
      hash = strings.hash(nameOffset)
    } else {
      hash = hashSeed
      const first = nameOffset - start
      const limit = first + hashedBytes
      for (let i = first; i < limit; i++) {
        const byte = bytes[i]
        // Zero ends a name, and so does the end of the section.
        if (!byte) break
        hash = Math.imul(hash ^ byte, hashPrime)
      }
      hash ^= hash >>> hashFold
    }
    const bucket = hash & mask
    next[entry] = heads[bucket] as number
    heads[bucket] = entry + 1
  }
}
