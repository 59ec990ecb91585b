import { asPage, type Page, type Position } from '../../brands.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Patience } from '../../kernel/walk/patience.js'
import { rangeText } from '../../kernel/walk/word.js'
import { type AddressSpace, pageOf } from '../../memory/address-space.js'
import { missingPages } from '../../memory/missing-pages.js'
import type { MemoryWindow } from '../../memory/types.js'
import type { Problems } from '../../problems.js'
import { copyPerCpu } from './array.js'
import type { BatchWriter } from './batch.js'
import type { EntryBatch } from './reader.js'

/**
 * struct bpf_htab (kernel/bpf/hashtab.c): buckets of hlist_nulls chains; an element is htab_elem with its key behind it,
 * and the value behind the key rounded up to 8. A per-CPU table has a per-CPU pointer in the value's place.
 */
export interface Table {
  readonly buckets: bigint
  readonly bucketCount: number
  readonly bucketStride: number
  readonly seed: number
  readonly hashOffset: number
  readonly keyOffset: number
  readonly valueOffset: number
  /** More elements than the map can have mean that its chains are corrupt. */
  readonly elementLimit: number
}

/**
 * Buckets looked at ahead. Each first element is a cache miss; asking for many at once lets the processor wait for them
 * together, which doubles the speed of a large walk.
 */
const ahead = 64
/** Chains this long are followed with a set of what was seen; shorter ones are compared one by one. */
const shortChain = 16
const notWhole = 'an entry is not whole in memory'
/** Window index in a position; multiplying is several times faster than dividing here. */
const perWindow = 2 ** -32

/** One walk over the chains of a hash table. Addresses are page number and offset, so that nothing is allocated. */
export class HashWalk {
  readonly #kernel: Kernel
  readonly #space: AddressSpace
  readonly #windows: readonly MemoryWindow[]
  readonly #table: Table
  readonly #batch: BatchWriter
  readonly #perCpu: boolean
  readonly #problems: Problems
  readonly #firstPage: number
  readonly #firstOffset: number
  // Heads of the buckets looked at ahead, and where their first elements lie.
  readonly #lows = new Int32Array(ahead)
  readonly #highs = new Int32Array(ahead)
  readonly #positions = new Float64Array(ahead)
  /** Of the memory, when those positions were found. */
  #generation = 0
  #elements = 0
  /** Keeps the reads that only warm the cache from being optimised away. */
  #touched = 0

  constructor(kernel: Kernel, table: Table, batch: BatchWriter, perCpu: boolean, problems: Problems) {
    this.#kernel = kernel
    this.#space = kernel.space
    this.#windows = kernel.memory.windows
    this.#table = table
    this.#batch = batch
    this.#perCpu = perCpu
    this.#problems = problems
    this.#firstPage = pageOf(table.buckets)
    this.#firstOffset = Number(table.buckets & 0xfffn)
  }

  /** Entries of the buckets from `from` up to `to`. */
  *buckets(from: number, to: number): Generator<EntryBatch> {
    const batch = this.#batch
    const chain = new Chain()
    const patience = new Patience(this.#problems, 'bucket')
    let count: number
    for (let group = from; group < to; group += count) {
      count = this.#lookAhead(group, Math.min(ahead, to - group))
      if (count === 0) {
        count = this.#skipMissing(group, to)
        continue
      }
      for (let i = 0; i < count; i++) {
        let low = this.#lows[i] as number
        let high = this.#highs[i] as number
        let position = this.#known(i)
        const bucket = group + i
        if (low === marker(bucket) && high === 0) {
          patience.begin()
          continue
        }
        chain.begin()
        for (;;) {
          if ((low & 1) !== 0 || (low === 0 && high === 0)) {
            this.#checkEnd(low, high, bucket, chain.length)
            break
          }
          const page = ((high >>> 0) * 2 ** 20 + (low >>> 12)) as Page
          const offset = low & 0xfff
          if (position === unknown) position = this.#space.locate(page)
          if (!this.#belongs(chain, bucket, page, offset, position)) break
          if (++this.#elements > this.#table.elementLimit) {
            this.#problems.add(
              'map',
              `it holds more than ${this.#table.elementLimit} entries, its buckets are corrupt`,
            )
            if (batch.count > 0) yield batch
            return
          }
          const window = this.#windows[(position * perWindow) | 0] as MemoryWindow
          const base = position >>> 0
          this.#copy(window, base, page, offset, bucket)
          if (batch.full) {
            yield batch
            batch.reset()
          }
          // The window is the one that was taken: it stays good whatever was read meanwhile.
          low = window.view.getInt32(base + offset, true)
          high = window.view.getInt32(base + offset + 4, true)
          position = unknown
        }
        if (patience.endsAt(bucket)) {
          if (batch.count > 0) yield batch
          return
        }
      }
    }
    if (batch.count > 0) yield batch
  }

  /** The position of the first element of a bucket looked at ahead, if it still holds. */
  #known(i: number): Position {
    return this.#generation === this.#kernel.memory.generation ? (this.#positions[i] as Position) : unknown
  }

  /** How many buckets there are before the first whose page is missing. */
  #lookAhead(group: number, count: number): number {
    const { bucketStride } = this.#table
    this.#generation = this.#kernel.memory.generation
    let headPage = -1
    let headPosition = -1
    let headView: DataView | undefined
    for (let i = 0; i < count; i++) {
      const at = this.#firstOffset + (group + i) * bucketStride
      const page = (this.#firstPage + Math.floor(at / 4096)) as Page
      if (page !== headPage) {
        headPage = page
        headPosition = this.#space.locate(page)
        headView = headPosition < 0 ? undefined : this.#windows[(headPosition * perWindow) | 0]?.view
      }
      if (headView === undefined) {
        this.#touchSeconds(i)
        return i
      }
      const head = (headPosition >>> 0) + (at % 4096)
      const low = headView.getInt32(head, true)
      const high = headView.getInt32(head + 4, true)
      this.#lows[i] = low
      this.#highs[i] = high
      if ((low & 1) === 0) this.#positions[i] = this.#touch(low, high)
    }
    this.#touchSeconds(count)
    return count
  }

  /** The page of this bucket is missing: how many more that is so of, which is said once for all. */
  #skipMissing(bucket: number, to: number): number {
    const { bucketStride } = this.#table
    const at = this.#firstOffset + bucket * bucketStride
    const page = asPage(this.#firstPage + Math.floor(at / 4096))
    const pages = Math.ceil(((at % 4096) + (to - bucket) * bucketStride) / 4096)
    const hole = missingPages(this.#space, page, pages) * 4096 - (at % 4096)
    const count = Math.min(to - bucket, Math.ceil(hole / bucketStride))
    this.#problems.add(rangeText('bucket', bucket, bucket + count - 1), this.#batch.why(page, at % 4096))
    return count
  }

  /** A chain ends at a marker that names its bucket (hlist_nulls). */
  #checkEnd(low: number, high: number, bucket: number, length: number): void {
    if (low === marker(bucket) && high === 0) return
    const end = (low & 1) === 0 ? 'a null pointer' : high === 0 ? `bucket ${low >>> 1}'s` : 'none of this map'
    this.#problems.add(
      `bucket ${bucket}`,
      `its chain ends after ${length} entries in ${end}, not in its own marker`,
    )
  }

  /** In a full table every third element is not the first of its chain. */
  #touchSeconds(count: number): void {
    for (let i = 0; i < count; i++) {
      const low = this.#lows[i] as number
      const position = this.#known(i)
      if ((low & 1) !== 0 || position < 0) continue
      const view = (this.#windows[(position * perWindow) | 0] as MemoryWindow).view
      const at = (position >>> 0) + (low & 0xfff)
      if ((low & 7) !== 0) continue
      const next = view.getInt32(at, true)
      if ((next & 1) === 0) this.#touch(next, view.getInt32(at + 4, true))
    }
  }

  /** Position of the element's page, with the element on its way into the cache. */
  #touch(low: number, high: number): Position {
    const position = this.#space.locate(((high >>> 0) * 2 ** 20 + (low >>> 12)) as Page)
    if (position < 0) return position
    const { view } = this.#windows[(position * perWindow) | 0] as MemoryWindow
    const at = (position >>> 0) + (low & 0xff8)
    this.#touched ^= view.getInt32(at, true)
    const end = (low & 0xff8) + this.#table.valueOffset
    if (end <= 4092) this.#touched ^= view.getInt32((position >>> 0) + end, true)
    return position
  }

  /** Whether the chain goes on with this element; if not, the reason is noted. */
  #belongs(chain: Chain, bucket: number, page: Page, offset: number, position: Position): boolean {
    if (position < 0 || (offset & 7) !== 0) {
      const why = position < 0 ? this.#batch.why(page, offset) : 'a pointer is not aligned'
      this.#problems.add(`bucket ${bucket}`, `its chain breaks after ${chain.length} entries: ${why}`)
      return false
    }
    // Relative to the buckets, so that the number stays exact; elements are 8-byte aligned.
    if (!chain.add((page - this.#firstPage) * 512 + (offset >>> 3))) {
      this.#problems.add(`bucket ${bucket}`, `its chain loops after ${chain.length} entries`)
      return false
    }
    return true
  }

  #copy(window: MemoryWindow, base: number, page: Page, offset: number, bucket: number): void {
    const { keyOffset, valueOffset, hashOffset, bucketCount } = this.#table
    const batch = this.#batch
    const valueAt = offset + valueOffset
    if (!this.#perCpu && valueAt + batch.valueSize <= 4096) {
      batch.inPage(window, base, page, offset + keyOffset, valueAt)
    } else if (batch.key(page, offset + keyOffset) < 0) {
      this.#problems.add(`bucket ${bucket}`, notWhole)
    } else if (this.#copyValue(page, valueAt, bucket)) {
      batch.commit()
    }
    if (offset + hashOffset <= 4092) {
      const hash = window.view.getInt32(base + offset + hashOffset, true)
      if ((hash & (bucketCount - 1)) !== bucket) {
        this.#problems.add(`bucket ${bucket}`, 'an entry in its chain hashes to another bucket')
      }
    }
  }

  /** False, with the reason noted, when the value cannot be read. */
  #copyValue(page: Page, offset: number, bucket: number): boolean {
    if (!this.#perCpu) {
      if (this.#batch.value(page, offset, 0) === 0) return true
      this.#problems.add(`bucket ${bucket}`, notWhole)
      return false
    }
    const slot = BigInt(page) * 4096n + BigInt(offset)
    return copyPerCpu(this.#kernel, this.#batch, slot, `bucket ${bucket}`, this.#problems)
  }
}

/** Lower half of the nulls marker that ends a bucket's chain, as a signed word; the upper half is 0. */
function marker(bucket: number): number {
  return (bucket << 1) | 1
}

/** A position that has not been looked up yet; -1 means that there is none. */
const unknown = -2 as Position

/** Elements of one chain seen so far. */
class Chain {
  length = 0
  readonly #few = new Float64Array(shortChain)
  #many: Set<number> | undefined

  /** A new chain begins: one object serves them all, for a walk makes hundreds of thousands. */
  begin(): void {
    this.length = 0
    this.#many = undefined
  }

  /** False when the element was seen before. */
  add(id: number): boolean {
    const { length } = this
    if (length < shortChain) {
      const few = this.#few
      for (let i = 0; i < length; i++) if (few[i] === id) return false
      few[length] = id
    } else {
      this.#many ??= new Set(this.#few)
      if (this.#many.has(id)) return false
      this.#many.add(id)
    }
    this.length = length + 1
    return true
  }
}
