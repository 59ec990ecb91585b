import type { DataSection } from '../code/code.js'
import type { Knowledge } from '../flow/knowledge.js'
import { mapValueType } from '../flow/maps.js'
import type { Place } from '../flow/places.js'
import { Space, TOP, type Value, ValueKind } from '../flow/values.js'
import type { Evidence, Overwrite, Store } from './evidence.js'
import { Reach } from './reach.js'
import type { SlotTable } from './slot-facts.js'
import type { Stored, StoredValues } from './stored-values.js'

/** A store into memory of which no type is known. */
export interface LooseStore {
  readonly at: number
  readonly space: number
  /** Where in the object it may be, in bytes from its start; undefined for anywhere. */
  readonly offsets: readonly number[] | undefined
  /** The object may begin anywhere before: behind a header whose size is not known. */
  readonly isBehind: boolean
  /** It goes beside the type that its pointer has: into whatever that type is a member of. */
  readonly around: { readonly type: number; readonly offset: number } | undefined
  readonly width: number
  readonly stored: readonly Stored[]
  /** How far the object is used at least; 0 when that is not known. */
  readonly reach: number
  /** It goes through a pointer to an integer: only fields whose address has been taken can be meant. */
  readonly isThroughInteger: boolean
}

const wordSize = 8
const largestOverwrite = 65536

/** Finds the slots that stores go to. */
export class Attribution {
  readonly loose: LooseStore[] = []
  readonly #knowledge: Knowledge
  readonly #evidence: Evidence
  readonly #stored: StoredValues
  readonly #table: SlotTable
  readonly #spoiled = new Set<number>()

  constructor(knowledge: Knowledge, evidence: Evidence, stored: StoredValues, table: SlotTable) {
    this.#knowledge = knowledge
    this.#evidence = evidence
    this.#stored = stored
    this.#table = table
  }

  run(): void {
    this.#findTypedStores()
    for (const { at, slot, value, rule } of this.#evidence.puts) {
      this.#table.store(slot, this.#stored.describe(value, at), at, rule, true)
    }
    for (const store of this.#evidence.stores) this.#attribute(store)
    for (const overwrite of this.#evidence.overwrites) this.#overwrite(overwrite)
    for (const { at, type, why } of this.#evidence.replaces) {
      for (const replaced of type === 0 ? this.#mapValueTypes() : [type]) this.#spoil(replaced, at, why)
    }
    for (const section of this.#knowledge.code.data) this.#readInitial(section)
    this.#collectUses()
    this.#table.settle()
  }

  /**
   * What is stored where a pointer is declared is such a pointer, but where that is of user space or of per-CPU memory, which nobody
   * follows as it is; and what is stored elsewhere may be lost sight of.
   */
  #findTypedStores(): void {
    const { values, types } = this.#knowledge
    for (const { at, slot, value } of this.#evidence.puts) {
      if (slot.target !== 0) this.#evidence.view(at, value, slot.target, 'typed store')
    }
    for (const { at, base, displacement, width, value } of this.#evidence.stores) {
      const place = this.#placeOf(base, displacement, width)
      const slot = place?.kind === 'slot' ? place.slot : undefined
      if (slot !== undefined && slot.target !== 0 && !slot.isForeign)
        this.#evidence.view(at, value, slot.target, 'typed store')
      const pointer = this.#knowledge.pointer(value)
      if (pointer === undefined) continue
      const isTyped = slot !== undefined && slot.target !== 0 && types.of(slot.target).kind === 'struct'
      const isInner = values.offset(pointer) !== 0 || values.stride(pointer) !== 0
      const isInteger = slot !== undefined && slot.target !== 0 && !isTyped
      if (!isTyped && (isInner || isInteger)) this.#evidence.escape(at, value)
    }
  }

  #placeOf(base: Value, displacement: number, width: number): Place | undefined {
    const pointer = this.#knowledge.pointer(base)
    return pointer === undefined ? undefined : this.#knowledge.placeAt(pointer, displacement, width)
  }

  #attribute(store: Store): void {
    const { values } = this.#knowledge
    const members = values.members(store.base)
    const stored = this.#stored.describe(store.value, store.at)
    for (const member of members) {
      const kind = values.kind(member)
      const isElsewhere =
        kind === ValueKind.frame ||
        kind === ValueKind.context ||
        kind === ValueKind.map ||
        kind === ValueKind.function ||
        // A number is no address that the verifier lets through, and callers forget what their stack holds.
        (members.length > 1 && values.isNumber(member)) ||
        this.#knowledge.isElsewhere(member)
      if (!isElsewhere) this.#attributeTo(store, member, stored, members.length === 1)
    }
  }

  #attributeTo(store: Store, base: Value, stored: readonly Stored[], isOnly: boolean): void {
    const { at, displacement, width, rule } = store
    const place = this.#placeOf(base, displacement, width)
    const isNull = stored.every(({ kind }) => kind === 'null')
    switch (place?.kind) {
      case 'slot':
        this.#table.store(place.slot, stored, at, rule, isOnly)
        return
      case 'part':
        if (isNull) this.#table.of(place.slot).isStored = true
        else this.#table.object(this.#table.of(place.slot), at, 'only a part of it is written')
        return
      case 'anywhere':
        if (!isNull) this.#spoilBehind(store, base)
        return
      case 'plain':
        return
      default:
        if (!this.#attributeByView(store, base, stored, isOnly)) this.#leaveLoose(store, base, stored, place)
    }
  }

  /** By what else the program takes the pointer for; true when that is certain. */
  #attributeByView(store: Store, base: Value, stored: readonly Stored[], isOnly: boolean): boolean {
    const { values, places } = this.#knowledge
    if (values.kind(base) !== ValueKind.origin || values.stride(base) !== 0) return false
    const offset = values.offset(base) + store.displacement
    let isFound = false
    for (const view of this.#evidence.views.get(values.ref(base)) ?? []) {
      const place = places.at(view.type, offset - view.offset, 0, store.width)
      if (offset < view.offset || place.kind === 'untyped' || place.kind === 'anywhere') continue
      const isCertain = isOnly && this.#stored.alwaysTogether(view.at, store.at, values.ref(base))
      if (place.kind === 'slot') this.#table.store(place.slot, stored, store.at, store.rule, isCertain)
      else if (place.kind === 'part' && stored.some(({ kind }) => kind !== 'null')) {
        this.#table.object(this.#table.of(place.slot), store.at, 'only a part of it is written')
      }
      isFound ||= isCertain
    }
    return isFound
  }

  #leaveLoose(store: Store, base: Value, stored: readonly Stored[], place: Place | undefined): void {
    if (stored.every(({ kind }) => kind === 'null')) return
    const { values, types } = this.#knowledge
    const pointer = this.#knowledge.pointer(base)
    const shape = pointer === undefined ? undefined : types.of(this.#knowledge.rootOf(pointer))
    const origin = this.#knowledge.originOf(base)
    // Of a number or of one of several pointers it is not known where in the object they lead.
    const isKnown = values.stride(base) === 0 && (pointer !== undefined || origin !== undefined)
    const start =
      (values.isAddress(pointer ?? base) ? values.offset(pointer ?? base) : 0) + store.displacement
    const offsets: number[] = []
    if (shape?.kind === 'struct' && place?.kind === 'untyped') {
      // In what follows a struct, offsets count from the struct's start or from its end.
      offsets.push(place.offset, start >= shape.size ? start - shape.size : start)
    } else if (origin?.kind === 'derived') offsets.push(start, store.displacement)
    else offsets.push(start)
    const isOrigin = origin !== undefined && pointer === undefined
    this.loose.push({
      at: store.at,
      space: this.#evidence.spaceOfAccess(store.at, base),
      offsets: isKnown ? offsets : undefined,
      isBehind: shape?.kind === 'opaque',
      around:
        shape?.kind === 'struct' && pointer !== undefined
          ? { type: this.#knowledge.rootOf(pointer), offset: start }
          : undefined,
      width: store.width,
      stored,
      reach: isOrigin ? (this.#evidence.reach.get(values.ref(base)) ?? 0) : 0,
      isThroughInteger: shape?.kind === 'word' || shape?.kind === 'pointer',
    })
  }

  #overwrite({ at, pointer, size, why }: Overwrite): void {
    const { values } = this.#knowledge
    for (const base of values.members(pointer)) {
      const known = this.#knowledge.pointer(base)
      if (known !== undefined) this.#overwriteTyped(known, size, at, why)
      else if (values.isAddress(base) && values.kind(base) !== ValueKind.frame)
        this.loose.push({
          at,
          space: this.#evidence.spaceOfAccess(at, base),
          offsets: values.stride(base) === 0 && size !== undefined ? [values.offset(base)] : undefined,
          isBehind: false,
          around: undefined,
          width: size ?? wordSize,
          stored: [{ kind: 'unknown', why }],
          reach: 0,
          isThroughInteger: false,
        })
    }
  }

  #overwriteTyped(pointer: Value, size: number | undefined, at: number, why: string): void {
    const { values } = this.#knowledge
    const root = this.#knowledge.rootOf(pointer)
    if (size === undefined || size > largestOverwrite || values.stride(pointer) !== 0) {
      this.#spoil(root, at, why)
      return
    }
    const start = values.offset(pointer)
    for (let offset = Math.floor(start / wordSize) * wordSize; offset < start + size; offset += wordSize) {
      const place = this.#knowledge.places.at(root, offset, 0, wordSize)
      if (place.kind === 'slot' || place.kind === 'part')
        this.#table.object(this.#table.of(place.slot), at, why)
    }
  }

  /** Nothing is known any more of what a type holds. */
  #spoil(type: number, at: number, why: string): void {
    if (this.#spoiled.has(type)) return
    this.#spoiled.add(type)
    for (const facts of this.#table.within(this.#knowledge.places.embedded(type))) {
      this.#table.object(facts, at, why)
    }
  }

  /** A store at an index that is not known: it meets what lies at the same place of any element. */
  #spoilBehind({ at, displacement, width }: Store, base: Value): void {
    const { values } = this.#knowledge
    const pointer = this.#knowledge.pointer(base) ?? TOP
    const variable = this.#knowledge.variableOf(pointer)
    const root = this.#knowledge.rootOf(pointer)
    const reach = new Reach(this.#knowledge, root, variable, {
      offset: values.offset(pointer) + displacement,
      stride: values.stride(pointer),
      width,
    })
    for (const facts of this.#table.within(reach.containers)) {
      if (reach.meets(facts.slot))
        this.#table.object(facts, at, 'something is stored at an index that is not known')
    }
  }

  #mapValueTypes(): Set<number> {
    const found = new Set<number>()
    for (const reference of this.#knowledge.code.references.values()) {
      if (reference.kind === 'map') found.add(mapValueType(this.#knowledge, reference.definition))
    }
    found.delete(0)
    return found
  }

  /** Numbers that the object itself puts into its data. */
  #readInitial({ typeId, initial, name }: DataSection): void {
    for (const offset of wordsThatAreSet(initial)) {
      const place = this.#knowledge.places.at(typeId, offset, 0, wordSize)
      if (place.kind !== 'slot') continue
      const facts = this.#table.of(place.slot)
      this.#table.object(facts, undefined, `it starts as a number in section ${name}`)
    }
  }

  /** What is true of values that come from a slot is true of what the slot holds. */
  #collectUses(): void {
    const { values, places } = this.#knowledge
    const slotOf = (origin: number): number | undefined => {
      const general = this.#knowledge.origins[origin]?.general ?? TOP
      const isPlain = values.kind(general) === ValueKind.slot && values.offset(general) === 0
      return isPlain && values.stride(general) === 0 && !values.isCast(general)
        ? values.ref(general)
        : undefined
    }
    const addViews = (
      slot: number,
      views: Evidence['views'] extends Map<number, infer V> ? V : never,
    ): void => {
      for (const { at, rule, type, offset } of views) {
        if (offset !== 0) continue
        this.#table
          .byId(slot)
          .uses.push({ at, rule, types: places.typesAt(type, 0, 0), space: Space.unknown })
      }
    }
    for (const [origin, views] of this.#evidence.views) {
      const slot = slotOf(origin)
      if (slot !== undefined) addViews(slot, views)
    }
    for (const [slot, views] of this.#evidence.slotViews) addViews(slot, views)
    for (const [origin, follows] of this.#evidence.follows) {
      const slot = slotOf(origin)
      if (slot === undefined) continue
      for (const { at, rule, space } of follows)
        this.#table.byId(slot).uses.push({ at, rule, types: undefined, space })
    }
    for (const [slot, follows] of this.#evidence.slotFollows) {
      for (const { at, rule, space } of follows)
        this.#table.byId(slot).uses.push({ at, rule, types: undefined, space })
    }
    for (const [slot, { at, why }] of this.#evidence.numbers) this.#table.byId(slot).numbers.push({ at, why })
  }
}

/** By the bytes of a section, which do not change while one attempt follows another. */
const setWords = new WeakMap<Uint8Array, readonly number[]>()

/** Offsets of the words of a section that are not 0. */
function wordsThatAreSet(initial: Uint8Array): readonly number[] {
  const known = setWords.get(initial)
  if (known !== undefined) return known
  // Megabytes, most of which are zeros: halves of words, which a copy has where they can be looked at.
  const { buffer, byteOffset } = initial.byteOffset % 4 === 0 ? initial : new Uint8Array(initial)
  const halves = new Uint32Array(buffer, byteOffset, initial.length >> 2)
  const found: number[] = []
  for (let at = 0; at < halves.length; at += 2)
    if (((halves[at] as number) | (halves[at + 1] ?? 0)) !== 0) found.push(at * 4)
  setWords.set(initial, found)
  return found
}
