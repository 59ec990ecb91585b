import type { Knowledge } from '../flow/knowledge.js'
import type { Slot } from '../flow/places.js'
import { Space } from '../flow/values.js'
import type { LooseStore } from './attribution.js'
import type { Conclusion, Conclusions } from './conclusions.js'
import type { EscapedAddress, Evidence } from './evidence.js'
import { Reach } from './reach.js'
import type { Negative, SlotTable } from './slot-facts.js'
import type { Stored } from './stored-values.js'

type Pointer = Conclusion & { readonly kind: 'pointer' }

const wordSize = 8

/**
 * Whether stores into memory of unknown type may have changed a slot. They count against a slot where object,
 * offset and space fit, unless they store just such a pointer.
 */
export class LooseStores {
  readonly #knowledge: Knowledge
  readonly #evidence: Evidence
  readonly #table: SlotTable
  readonly #conclusions: Conclusions
  readonly #stores: readonly LooseStore[]
  /** Slots whose address is known to those that store, with the store. */
  readonly #reached = new Map<number, LooseStore[]>()

  constructor(
    knowledge: Knowledge,
    evidence: Evidence,
    stores: readonly LooseStore[],
    table: SlotTable,
    conclusions: Conclusions,
  ) {
    this.#knowledge = knowledge
    this.#table = table
    this.#conclusions = conclusions
    this.#evidence = evidence
    this.#stores = distinct(stores.map((store) => this.#narrow(store)))
    for (const escaped of evidence.escapes.values()) {
      for (const store of this.#stores) this.#reach(escaped, store)
    }
  }

  /** What speaks against the conclusion about a slot; undefined when nothing does. */
  against(slot: Slot, conclusion: Pointer): Negative | undefined {
    for (const store of this.#reached.get(slot.id) ?? []) {
      if (!this.#agrees(store, conclusion)) {
        return { at: store.at, why: 'something else is stored through a pointer that may lead here' }
      }
    }
    const homes = [...this.#evidence.residence].filter(([root]) =>
      this.#knowledge.places.embedded(root).has(slot.container),
    )
    const spaces = homes.reduce((bits, [, space]) => bits | space, 0)
    for (const store of this.#stores) {
      if (store.isThroughInteger || this.#agrees(store, conclusion)) continue
      if (spaces !== 0 && store.space !== Space.unknown && (spaces & (1 << store.space)) === 0) continue
      const roots = new Set([slot.container, ...homes.map(([root]) => root)])
      for (const root of store.around === undefined
        ? roots
        : [...roots, ...this.#knowledge.embedding.containersOf(slot.container)]) {
        if (this.#hits(store, root, slot) || this.#hitsAround(store, root, slot)) {
          return { at: store.at, why: 'something else is stored at this offset of an object of unknown type' }
        }
      }
    }
    return undefined
  }

  /** Whether a store meets the slot if its object is one of that type. */
  #hits(store: LooseStore, root: number, slot: Slot): boolean {
    const shape = this.#knowledge.types.of(root)
    if (shape.kind === 'struct' && store.reach > shape.size) return false
    // Data sections are reached by their names, not through pointers to unknown types.
    if (this.#knowledge.code.data.some(({ typeId }) => typeId === root)) return false
    if (store.offsets === undefined) return true
    if (!store.isBehind) {
      return store.offsets.some((offset) => this.#meets(offset, store.width, root, slot))
    }
    const starts = this.#knowledge.embedding.startsOf(root, slot.container)
    return (
      starts === undefined ||
      store.offsets.some((offset) => starts.some((start) => offset + store.width > start + slot.offset))
    )
  }

  /** What lies beside a struct that is a member of others is taken for the rest of these. */
  #narrow(store: LooseStore): LooseStore {
    const { around } = store
    if (around === undefined) return store
    const { types } = this.#knowledge
    const isMember = this.#knowledge.embedding.containersOf(around.type).some((outer) => {
      const shape = types.of(outer)
      const end = shape.kind === 'struct' ? shape.size : 0
      const starts =
        outer === around.type ? [] : (this.#knowledge.embedding.startsOf(outer, around.type) ?? [0])
      return starts.some((start) => start + around.offset >= 0 && start + around.offset < end)
    })
    return isMember ? { ...store, offsets: [] } : store
  }

  /** Whether a store beside a member of that type meets the slot. */
  #hitsAround({ around, width }: LooseStore, root: number, slot: Slot): boolean {
    if (around === undefined || !this.#knowledge.places.embedded(root).has(around.type)) return false
    if (root === around.type) {
      // Behind one element of an array is the next.
      const shape = this.#knowledge.types.of(root)
      const length = shape.kind === 'struct' ? Math.max(shape.size, 1) : 1
      const below = around.offset % length
      return [below - length, below, below + length].some((offset) => this.#meets(offset, width, root, slot))
    }
    const members = this.#knowledge.embedding.startsOf(root, around.type)
    if (members === undefined) return true
    return members.some((member) => this.#meets(member + around.offset, width, root, slot))
  }

  /** Whether bytes of a struct are some of the slot's. */
  #meets(offset: number, width: number, root: number, slot: Slot): boolean {
    const containers = this.#knowledge.embedding.startsOf(root, slot.container)
    const size = wordSize * Math.max(slot.array?.isWhole ? slot.array.count : 1, 1)
    if (containers === undefined) return true
    return containers.some((container) => {
      const begin = container + slot.offset
      return offset < begin + size && offset + width > begin
    })
  }

  /** Notes the slots that a store meets if it goes through an address that has escaped. */
  #reach({ root, offset, stride, space, variable }: EscapedAddress, store: LooseStore): void {
    const { places } = this.#knowledge
    const known = space === Space.unknown ? (this.#evidence.residence.get(root) ?? 0) : 1 << space
    if (known !== 0 && store.space !== Space.unknown && (known & (1 << store.space)) === 0) return
    const table = this.#table
    const note = (slot: Slot): void => {
      const { id } = table.canonical(slot)
      const list = this.#reached.get(id)
      if (list === undefined) this.#reached.set(id, [store])
      else list.push(store)
    }
    if (store.offsets === undefined || stride !== 0) {
      const reach = new Reach(this.#knowledge, root, variable, { offset: 0, stride: 1, width: wordSize })
      for (const { slot } of table.within(reach.containers)) if (reach.meets(slot)) note(slot)
      return
    }
    for (const distance of store.offsets) {
      const place = places.at(root, offset + distance, 0, wordSize)
      if (place.kind === 'slot' || place.kind === 'part') note(place.slot)
    }
  }

  /** Whether a store puts the same kind of pointer there. */
  #agrees(store: LooseStore, conclusion: Pointer): boolean {
    return store.stored.every((stored) => {
      if (stored.kind === 'null') return true
      if (stored.kind === 'unknown' && stored.isLoaded && this.#conclusions.degree === 'supported')
        return true
      const pointer = this.#resolve(stored)
      if (pointer === undefined || store.width !== wordSize) return false
      const isSame = pointer.space === conclusion.space
      if (!isSame && pointer.space !== Space.unknown && conclusion.space !== Space.unknown) return false
      return conclusion.types.length === 0 || pointer.types.some((type) => conclusion.types.includes(type))
    })
  }

  /** The pointer that is stored, if it is one. */
  #resolve(stored: Stored): { readonly types: readonly number[]; readonly space: number } | undefined {
    if (stored.kind === 'pointer') return stored
    if (stored.kind !== 'copy' || stored.offset !== 0 || stored.stride !== 0) return undefined
    const source = this.#conclusions.of(this.#table.byId(stored.slot))
    if (source.kind !== 'pointer') return undefined
    return { types: source.types, space: source.space === Space.unknown ? stored.space : source.space }
  }
}

/** One of each kind: the same offset, space and value need no second look. */
function distinct(stores: readonly LooseStore[]): LooseStore[] {
  const seen = new Map<string, LooseStore>()
  for (const store of stores) {
    const values = store.stored.map((one) =>
      one.kind === 'pointer'
        ? `${one.types.join('+')}@${one.space}`
        : one.kind === 'copy'
          ? `${one.slot}+${one.offset}@${one.space}`
          : `${one.kind} ${one.kind === 'unknown' && one.isLoaded}`,
    )
    const around = store.around && `${store.around.type}+${store.around.offset}`
    const key = [
      store.offsets,
      store.isBehind,
      around,
      store.space,
      store.width,
      store.reach,
      store.isThroughInteger,
      values,
    ].join(';')
    if (!seen.has(key)) seen.set(key, store)
  }
  return [...seen.values()]
}
