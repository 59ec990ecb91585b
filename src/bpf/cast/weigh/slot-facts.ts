import type { Rule } from '../flow/observer.js'
import type { Places, Slot } from '../flow/places.js'
import type { Stored } from './stored-values.js'

/** Something that speaks for a pointer. */
export interface Positive {
  readonly at: number
  readonly rule: Rule
  readonly stored: Stored & { readonly kind: 'pointer' | 'copy' }
}

/** What the slot holds is used as a pointer. */
export interface Use {
  readonly at: number
  readonly rule: Rule
  /** Types that begin at the address; undefined when the use does not say. */
  readonly types: readonly number[] | undefined
  readonly space: number
}

/** Something that speaks against it; without an instruction, it is in the object's data. */
export interface Negative {
  readonly at: number | undefined
  readonly why: string
}

/** All that is known of one slot. */
export interface SlotFacts {
  readonly slot: Slot
  readonly positives: Positive[]
  /** Pointers that may be stored here or somewhere else: they must agree, and prove nothing. */
  readonly perhaps: Positive[]
  readonly uses: Use[]
  readonly negatives: Negative[]
  /** Something else is stored there for certain, and not only perhaps by what could not be followed. */
  isContradicted: boolean
  /** What is stored there and taken for a pointer in other places: it proves nothing. */
  readonly likely: Positive[]
  /** It is used as a number: that counts where nothing but uses speaks for a pointer. */
  readonly numbers: Negative[]
  /** The object stores something there, if only null. */
  isStored: boolean
}

type Unknown = Stored & { readonly kind: 'unknown' }

const mostReasons = 4

/** Facts by slot. Elements of an array that is also used as a whole share those of the whole. */
export class SlotTable {
  readonly #places: Places
  readonly #facts = new Map<number, SlotFacts>()
  /** By container, then by where the array starts in it. */
  readonly #wholes = new Map<number, Map<number, Slot>>()

  #known = 0

  constructor(places: Places) {
    this.#places = places
  }

  /** The slot that stands for this one. */
  canonical(slot: Slot): Slot {
    if (slot.array === undefined || slot.array.isWhole) return slot
    for (; this.#known < this.#places.slots.length; this.#known++) {
      const other = this.#places.slots[this.#known] as Slot
      if (!other.array?.isWhole) continue
      const wholes = this.#wholes.get(other.container) ?? new Map<number, Slot>()
      this.#wholes.set(other.container, wholes.set(other.array.start, other))
    }
    return this.#wholes.get(slot.container)?.get(slot.array.start) ?? slot
  }

  /** Moves what was noted of an element before its array turned out to be used as a whole. */
  settle(): void {
    for (const [id, facts] of this.#facts) {
      const whole = this.canonical(facts.slot)
      if (whole.id === id) continue
      this.#facts.delete(id)
      const into = this.of(whole)
      append(into.positives, facts.positives)
      append(into.perhaps, facts.perhaps)
      append(into.uses, facts.uses)
      append(into.negatives, facts.negatives)
      append(into.numbers, facts.numbers)
      into.isStored ||= facts.isStored
      into.isContradicted ||= facts.isContradicted
      append(into.likely, facts.likely)
    }
  }

  of(slot: Slot): SlotFacts {
    const one = this.canonical(slot)
    let facts = this.#facts.get(one.id)
    if (facts === undefined) {
      facts = {
        slot: one,
        positives: [],
        perhaps: [],
        uses: [],
        negatives: [],
        isContradicted: false,
        likely: [],
        numbers: [],
        isStored: false,
      }
      this.#facts.set(one.id, facts)
    }
    return facts
  }

  byId(id: number): SlotFacts {
    const slot = this.#places.slots[id]
    if (slot === undefined) throw new Error(`there is no slot ${id}`)
    return this.of(slot)
  }

  get all(): IterableIterator<SlotFacts> {
    return this.#facts.values()
  }

  /** Every slot, touched or not, whose container is among these. */
  *within(containers: ReadonlySet<number>): Generator<SlotFacts> {
    for (const slot of this.#places.slots) if (containers.has(slot.container)) yield this.of(slot)
  }

  /** Something speaks against a slot; a few reasons are as good as many. */
  object(facts: SlotFacts, at: number | undefined, why: string): void {
    facts.isContradicted = true
    this.doubt(facts, at, why)
  }

  /** The same of what only may be so, for all that the analysis can follow. */
  doubt(facts: SlotFacts, at: number | undefined, why: string): void {
    facts.isStored = true
    if (facts.negatives.length < mostReasons) facts.negatives.push({ at, why })
  }

  /** What is stored into a slot: one entry for each value that it may be. */
  store(slot: Slot, stored: readonly Stored[], at: number, rule: Rule, isCertain: boolean): void {
    const facts = this.of(slot)
    facts.isStored = true
    for (const one of stored) {
      if (one.kind === 'null') continue
      if (one.kind === 'number') this.object(facts, at, one.why)
      else if (one.kind === 'unknown') this.#storeUnknown(facts, one, at, rule)
      else (isCertain ? facts.positives : facts.perhaps).push({ at, rule, stored: one as Positive['stored'] })
    }
  }

  #storeUnknown(facts: SlotFacts, { why, isLoaded, likely }: Unknown, at: number, rule: Rule): void {
    if (likely !== undefined) {
      facts.likely.push({ at, rule, stored: { kind: 'pointer', ...likely, size: undefined } })
      this.doubt(facts, at, why)
    } else if (isLoaded) this.doubt(facts, at, why)
    else this.object(facts, at, why)
  }
}

/** Of large programs there are more than a call has arguments. */
function append<T>(to: T[], from: readonly T[]): void {
  for (const each of from) to.push(each)
}
