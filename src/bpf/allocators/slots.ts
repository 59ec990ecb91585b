import { counted, type Figure, type Problems } from '../../problems.js'

/**
 * What an allocator has at one of its slots.
 *
 * - live: handed out
 * - in-flight: being handed out or given back at this moment
 * - recycled: was handed out once, and will be again
 * - free: never handed out, or given back, without telling which
 * - torn: handed out, but its header contradicts where it hangs
 * - unreadable: handed out, as far as the allocator's own records say; its header cannot be read
 * - reserved: the allocator's own
 */
export type SlotState = 'live' | 'in-flight' | 'recycled' | 'free' | 'torn' | 'unreadable' | 'reserved'

/** Slots of one allocator, column by column: a tree has tens of thousands. */
export class Slots {
  /** The allocator's own number for each, ascending. */
  readonly indexes: number[] = []
  /** Place in the arena; -1 when there is none yet. */
  readonly places: number[] = []
  /** Bytes. */
  readonly sizes: number[] = []
  readonly states: SlotState[] = []
  /** How often the slot was given back; 0 where the allocator does not count, undefined where that cannot be read. */
  readonly generations: (number | undefined)[] = []
  /** What could not be read, and may have held more slots, or other states of those there are. */
  readonly lost: Problems

  constructor(problems: Problems) {
    this.lost = problems.part()
  }

  get length(): number {
    return this.places.length
  }

  add(
    index: number,
    place: number,
    size: number,
    state: SlotState,
    generation: number | 'unknown' = 0,
  ): void {
    this.indexes.push(index)
    this.places.push(place)
    this.sizes.push(size)
    this.states.push(state)
    this.generations.push(generation === 'unknown' ? undefined : generation)
  }

  /** How many there are. */
  get total(): Figure {
    return counted(this.length, this.lost)
  }

  /** How many are in a state; at least so many where some could not be read. */
  count(...states: readonly SlotState[]): Figure {
    let count = 0
    for (const each of this.states) if (states.includes(each)) count++
    return counted(count, this.lost)
  }
}

/** What lies at places in an arena: slots, or regions. */
export type Placed = Pick<Slots, 'places' | 'sizes'>

/** Finds the slot that covers a place, among all slots with memory. */
export class SlotIndex {
  readonly #places: Float64Array
  readonly #ends: Float64Array
  readonly #owners: Uint32Array
  readonly #slots: Uint32Array

  /** One table of slots per allocator. Where slots overlap, as in ruined memory, the one that starts last answers. */
  constructor(tables: readonly Placed[]) {
    const most = tables.reduce((sum, { places }) => sum + places.length, 0)
    const [places, ends] = [new Float64Array(most), new Float64Array(most)]
    const [owners, slots] = [new Uint32Array(most), new Uint32Array(most)]
    let count = 0
    let isSorted = true
    for (const [owner, table] of tables.entries()) {
      for (const [slot, place] of table.places.entries()) {
        if (place < 0) continue
        if (count > 0 && place < (places[count - 1] as number)) isSorted = false
        places[count] = place
        ends[count] = place + (table.sizes[slot] as number)
        owners[count] = owner
        slots[count] = slot
        count++
      }
    }
    const order = isSorted
      ? undefined
      : Uint32Array.from({ length: count }, (_, at) => at).sort(
          (a, b) => (places[a] as number) - (places[b] as number) || a - b,
        )
    const sorted = { places: inOrder(places, order, count), ends: inOrder(ends, order, count) }
    const parts = partsOf(sorted.places, sorted.ends)
    this.#places = parts?.places ?? sorted.places
    this.#ends = parts?.ends ?? sorted.ends
    this.#owners = inOrder(inOrder(owners, order, count), parts?.of)
    this.#slots = inOrder(inOrder(slots, order, count), parts?.of)
  }

  find(place: number): { readonly owner: number; readonly slot: number } | undefined {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#places[middle] as number) <= place) low = middle + 1
      else high = middle
    }
    const at = low - 1
    if (at < 0 || place >= (this.#ends[at] as number)) return undefined
    return { owner: this.#owners[at] as number, slot: this.#slots[at] as number }
  }
}

/** Without an order it is in order. */
function inOrder<T extends Float64Array | Uint32Array>(
  column: T,
  order: Uint32Array | undefined,
  count = order?.length ?? column.length,
): T {
  if (order === undefined) return column.subarray(0, count) as T
  const found = (column instanceof Float64Array ? new Float64Array(count) : new Uint32Array(count)) as T
  for (let at = 0; at < count; at++) found[at] = column[order[at] as number] as number
  return found
}

interface Parts {
  readonly places: Float64Array
  readonly ends: Float64Array
  /** Which of the ranges each is a part of. */
  readonly of: Uint32Array
}

/** The parts in which ranges that overlap answer, in order; undefined where none do. */
function partsOf(places: Float64Array, ends: Float64Array): Parts | undefined {
  const count = places.length
  let isApart = true
  for (let at = 1; at < count && isApart; at++) isApart = (ends[at - 1] as number) <= (places[at] as number)
  if (isApart) return undefined
  const parts: { start: number; end: number; of: number }[] = []
  // Those that a later one has begun in, the last on top.
  const open: number[] = []
  let from = 0
  for (let at = 0; at <= count; at++) {
    const next = at < count ? (places[at] as number) : Number.POSITIVE_INFINITY
    for (let top = open.at(-1); top !== undefined && from < next; top = open.at(-1)) {
      const end = Math.min(next, ends[top] as number)
      if (end > from) parts.push({ start: from, end, of: top })
      from = Math.max(from, end)
      if ((ends[top] as number) > next) break
      open.pop()
    }
    from = next
    open.push(at)
  }
  return {
    places: Float64Array.from(parts, ({ start }) => start),
    ends: Float64Array.from(parts, ({ end }) => end),
    of: Uint32Array.from(parts, ({ of }) => of),
  }
}
