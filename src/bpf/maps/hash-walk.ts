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
import { ahead, noElement, perWindow, ReadAhead } from './hash-ahead.js'
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

/** Chains this long are followed with a set of what was seen; shorter ones are compared one by one. */
const shortChain = 16
const notWhole = 'an entry is not whole in memory'

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
  readonly #chain = new Chain()
  readonly #patience: Patience
  // Where the walk is: a bucket, and the pointer that leads on in its chain, with the element that was read of it.
  #bucket = 0
  #low = 0
  #high = 0
  #element = noElement
  /** A batch was full in the middle of a chain. */
  #isInside = false
  /** What lies behind is not worth a look, which was said. */
  #isOver = false
  #elements = 0

  constructor(kernel: Kernel, table: Table, batch: BatchWriter, perCpu: boolean, problems: Problems) {
    this.#kernel = kernel
    this.#space = kernel.space
    this.#windows = kernel.memory.windows
    this.#table = table
    this.#batch = batch
    this.#perCpu = perCpu
    this.#problems = problems
    this.#patience = new Patience(problems, 'bucket')
    this.#firstPage = pageOf(table.buckets)
    this.#firstOffset = Number(table.buckets & 0xfffn)
  }

  /** Entries of the buckets from `from` up to `to`. */
  *buckets(from: number, to: number): Generator<EntryBatch> {
    const batch = this.#batch
    const { bucketStride, valueOffset } = this.#table
    const last = this.#perCpu ? valueOffset : valueOffset + Math.max(0, (batch.valueSize - 1) & ~3)
    const read = new ReadAhead(this.#space, Math.min(ahead, to - from), valueOffset, last)
    let count: number
    for (let group = from; group < to && !this.#isOver; group += count) {
      const at = this.#firstOffset + group * bucketStride
      count = read.fill(this.#firstPage, at, bucketStride, Math.min(ahead, to - group))
      if (count === 0) {
        count = this.#skipMissing(group, to)
        continue
      }
      this.#bucket = group
      while (this.#walk(read, group, group + count)) {
        yield batch
        batch.reset()
      }
    }
    if (batch.count > 0) yield batch
  }

  /** Goes on through buckets that were read ahead. True where the batch is full before their end. */
  #walk(read: ReadAhead, group: number, end: number): boolean {
    const batch = this.#batch
    const chain = this.#chain
    const { firsts, positions, nextLows, nextHighs, nexts } = read
    for (let bucket = this.#bucket; bucket < end; bucket++) {
      let element = firsts[bucket - group] as number
      let low = read.lows[bucket - group] as number
      let high = read.highs[bucket - group] as number
      if (this.#isInside) {
        this.#isInside = false
        element = this.#element
        low = this.#low
        high = this.#high
      } else if (low === marker(bucket) && high === 0) {
        this.#patience.begin()
        continue
      } else {
        chain.begin()
      }
      for (;;) {
        if ((low & 1) !== 0 || (low === 0 && high === 0)) {
          this.#checkEnd(low, high, bucket, chain.length)
          break
        }
        const page = ((high >>> 0) * 2 ** 20 + (low >>> 12)) as Page
        const offset = low & 0xfff
        const isRead = element >= 0 && element < read.read
        const position =
          isRead && read.generation === this.#kernel.memory.generation
            ? (positions[element] as Position)
            : this.#space.locate(page)
        if (!this.#belongs(chain, bucket, page, offset, position)) break
        if (++this.#elements > this.#table.elementLimit) {
          this.#problems.add(
            'map',
            `it holds more than ${this.#table.elementLimit} entries, its buckets are corrupt`,
          )
          this.#isOver = true
          return false
        }
        const window = this.#windows[(position * perWindow) | 0] as MemoryWindow
        const base = position >>> 0
        this.#copy(window, base, page, offset, bucket)
        // The window is the one that was taken: it stays good whatever was read meanwhile.
        if (isRead) {
          low = nextLows[element] as number
          high = nextHighs[element] as number
          element = nexts[element] as number
        } else {
          low = window.view.getInt32(base + offset, true)
          high = window.view.getInt32(base + offset + 4, true)
          element = noElement
        }
        if (batch.full) {
          this.#bucket = bucket
          this.#low = low
          this.#high = high
          this.#element = element
          this.#isInside = true
          return true
        }
      }
      if (this.#patience.endsAt(bucket)) {
        this.#isOver = true
        return false
      }
    }
    return false
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
