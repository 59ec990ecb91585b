/**
 * What an allocator has at one of its slots.
 *
 * - live: handed out
 * - in-flight: being handed out or given back at this moment
 * - recycled: was handed out once, and will be again
 * - free: never handed out, or given back, without telling which
 * - torn: handed out, but its header contradicts where it hangs
 * - reserved: the allocator's own
 */
export type SlotState = 'live' | 'in-flight' | 'recycled' | 'free' | 'torn' | 'reserved'

/** Slots of one allocator, column by column: a tree has tens of thousands. */
export class Slots {
  /** The allocator's own number for each, ascending. */
  readonly indexes: number[] = []
  /** Place in the arena; -1 when there is none yet. */
  readonly places: number[] = []
  /** Bytes. */
  readonly sizes: number[] = []
  readonly states: SlotState[] = []
  /** How often the slot was given back; 0 where the allocator does not count. */
  readonly generations: number[] = []

  get length(): number {
    return this.places.length
  }

  add(index: number, place: number, size: number, state: SlotState, generation = 0): void {
    this.indexes.push(index)
    this.places.push(place)
    this.sizes.push(size)
    this.states.push(state)
    this.generations.push(generation)
  }

  count(state: SlotState): number {
    let count = 0
    for (const each of this.states) if (each === state) count++
    return count
  }
}

/** Finds the slot that covers a place, among all slots with memory. */
export class SlotIndex {
  readonly #places: Float64Array
  readonly #ends: Float64Array
  readonly #owners: Uint32Array
  readonly #slots: Uint32Array

  /** One table of slots per allocator. Where slots overlap, as in ruined memory, the one that starts last answers. */
  constructor(tables: readonly Slots[]) {
    const order: { place: number; end: number; owner: number; slot: number }[] = []
    for (const [owner, table] of tables.entries()) {
      for (let slot = 0; slot < table.length; slot++) {
        const place = table.places[slot] as number
        if (place >= 0) order.push({ place, end: place + (table.sizes[slot] as number), owner, slot })
      }
    }
    order.sort((a, b) => a.place - b.place)
    this.#places = Float64Array.from(order, ({ place }) => place)
    this.#ends = Float64Array.from(order, ({ end }) => end)
    this.#owners = Uint32Array.from(order, ({ owner }) => owner)
    this.#slots = Uint32Array.from(order, ({ slot }) => slot)
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
