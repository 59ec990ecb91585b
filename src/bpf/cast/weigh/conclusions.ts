import type { Knowledge } from '../flow/knowledge.js'
import { Space } from '../flow/values.js'
import type { Negative, Positive, SlotFacts, SlotTable } from './slot-facts.js'
import type { Stored } from './stored-values.js'

/** What a slot holds. */
export type Conclusion =
  /** Nothing speaks for a pointer or against it. */
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'pointer'
      /** Types that begin at the address, outermost first; empty when no type is known. */
      readonly types: readonly number[]
      readonly space: number
      readonly size: number | undefined
    }
  /** Evidence conflicts, or is not enough. */
  | { readonly kind: 'doubt'; readonly reasons: readonly Negative[] }

type Pointer = Conclusion & { readonly kind: 'pointer' }

const nothing: Conclusion = { kind: 'nothing' }
/** Slots copy from each other in chains and circles; real chains are short. */
const mostRounds = 64
const mostReasons = 4

/**
 * How much a conclusion takes: 'proven' is everything that is stored a pointer, with nothing that could not be followed;
 * 'supported' leaves out what only may be against it, and counts what is taken for a pointer in other places.
 */
export type Degree = 'proven' | 'supported'

/** Weighs the facts of all slots until nothing changes. */
export class Conclusions {
  readonly #knowledge: Knowledge
  readonly #table: SlotTable
  readonly degree: Degree
  /** Those slots of which something speaks for a pointer, and those that they are copied from. */
  readonly #open: readonly SlotFacts[]
  readonly #found = new Map<number, Conclusion>()

  constructor(knowledge: Knowledge, table: SlotTable, degree: Degree = 'proven') {
    this.#knowledge = knowledge
    this.#table = table
    this.degree = degree
    const isOpen = (facts: SlotFacts): boolean =>
      facts.slot.kind === 'pointer' ||
      facts.positives.length > 0 ||
      facts.uses.length > 0 ||
      facts.perhaps.length > 0 ||
      facts.likely.length > 0
    const open = new Set([...table.all].filter(isOpen))
    // Slots that are only copied from come up on the way.
    for (const facts of open) for (const id of sourcesOf(facts)) open.add(table.byId(id))
    this.#open = [...open]
    // Declared pointers are pointers before anything else is known.
    for (const facts of this.#open) {
      if (facts.slot.kind === 'pointer') this.#found.set(facts.slot.id, this.#weigh(facts))
    }
    for (let round = 0; this.#round(); round++) {
      if (round === mostRounds) {
        for (const [id, { kind }] of this.#found) if (kind === 'pointer') this.#found.set(id, nothing)
        break
      }
    }
  }

  of(facts: SlotFacts): Conclusion {
    return this.#found.get(facts.slot.id) ?? nothing
  }

  #round(): boolean {
    let changed = false
    for (const facts of this.#open) {
      const old = this.of(facts)
      if (old.kind === 'doubt') continue
      const found = this.#weigh(facts)
      if (textOf(old) === textOf(found)) continue
      this.#found.set(facts.slot.id, found)
      changed = true
    }
    return changed
  }

  #weigh(facts: SlotFacts): Conclusion {
    const { slot } = facts
    if (slot.isForeign) return doubt([{ at: undefined, why: 'its declaration says that it leads elsewhere' }])
    if (slot.kind === 'word') return this.#weighWord(facts)
    // What is stored into a declared pointer is such a pointer to C, whatever the analysis knows of it.
    const weighed = slot.target === 0 ? this.#weighWord(facts) : nothing
    const known = weighed.kind === 'pointer' ? weighed.types : []
    const types = slot.target === 0 ? known : this.#typesFrom(slot.target, 0, 0)
    return { kind: 'pointer', types, space: this.#declaredSpace(facts), size: undefined }
  }

  #weighWord(facts: SlotFacts): Conclusion {
    const { negatives, positives, numbers } = facts
    const isAgainst = this.degree === 'proven' ? negatives.length > 0 : facts.isContradicted
    if (isAgainst) return doubt(negatives)
    const { conclusion, isPartlyTyped } = this.#weighStores(facts)
    if (conclusion.kind === 'doubt') return conclusion
    const used = this.#weighUses(facts, conclusion, isPartlyTyped)
    if (used.kind !== 'pointer' || positives.length > 0 || numbers.length === 0) return used
    return doubt(numbers.map(({ at, why }) => ({ at, why: `it is also used as a number: ${why}` })))
  }

  /** Where a declared pointer leads, by all that is stored into it and done with it. */
  #declaredSpace({ positives, perhaps, uses }: SlotFacts): number {
    const spaces = new Set(uses.map(({ space }) => space))
    for (const { stored } of [...positives, ...perhaps]) {
      const source = stored.kind === 'copy' ? this.of(this.#table.byId(stored.slot)) : undefined
      spaces.add(stored.space)
      if (source?.kind === 'pointer') spaces.add(source.space)
    }
    spaces.delete(Space.unknown)
    return spaces.size > 1 ? Space.mixed : ([...spaces][0] ?? Space.unknown)
  }

  /** What all that is stored has in common. */
  #weighStores(facts: SlotFacts): { conclusion: Conclusion; isPartlyTyped: boolean } {
    let common: Pointer | undefined
    let isPartlyTyped = false
    const likely = this.degree === 'proven' ? [] : facts.likely
    for (const positive of [...facts.positives, ...facts.perhaps, ...likely]) {
      const one = this.#resolve(facts, positive)
      if (one.kind === 'nothing') continue
      if (one.kind === 'doubt') return { conclusion: one, isPartlyTyped }
      isPartlyTyped ||= one.types.length === 0
      const merged = common === undefined ? one : merge(common, one)
      if (merged === undefined)
        return { conclusion: doubt(this.#disagreement(facts, positive)), isPartlyTyped }
      common = merged
    }
    // What may have been stored elsewhere proves nothing by itself.
    const isProof = facts.positives.length > 0 || facts.uses.length > 0 || likely.length > 0
    return { conclusion: isProof && common !== undefined ? common : nothing, isPartlyTyped }
  }

  #disagreement(facts: SlotFacts, last: Positive): Negative[] {
    const others = facts.positives.filter((positive) => positive !== last)
    const sites = [...others, last].slice(-2)
    return sites.map(({ at }) => ({ at, why: 'pointers of different kinds are stored' }))
  }

  /** One stored value, with what is known by now of the slot that it is copied from. */
  #resolve(facts: SlotFacts, { at, stored }: Positive): Conclusion {
    if (stored.kind === 'pointer') return this.#enough(stored, at)
    const source = this.#table.byId(stored.slot)
    const isMoved = stored.offset !== 0 || stored.stride !== 0
    if (source === facts) {
      return isMoved ? doubt([{ at, why: 'what it holds is changed by arithmetic' }]) : nothing
    }
    const known: Conclusion = this.of(source)
    if (known.kind === 'doubt')
      return doubt([{ at, why: 'it is copied from a field that holds other things too' }])
    if (known.kind === 'nothing') {
      const isNeverSet = !source.isStored && source.uses.length === 0
      return isNeverSet || isMoved
        ? doubt([{ at, why: 'it is copied from a field of which nothing is known' }])
        : nothing
    }
    const space = known.space === Space.unknown ? stored.space : known.space
    if (!isMoved) return this.#enough({ ...known, space }, at)
    const target = known.types[0]
    const types = target === undefined ? [] : this.#typesFrom(target, stored.offset, stored.stride)
    return this.#enough({ kind: 'pointer', types, space, size: undefined }, at)
  }

  /** A pointer of which neither type nor space is known says nothing. */
  #enough(pointer: Pointer | (Stored & { kind: 'pointer' }), at: number): Conclusion {
    if (pointer.space === Space.mixed)
      return doubt([{ at, why: 'it may be an arena pointer or a kernel pointer' }])
    const isNothing = pointer.types.length === 0 && pointer.space === Space.unknown
    return isNothing
      ? doubt([{ at, why: 'a pointer of unknown kind is stored' }])
      : { ...pointer, kind: 'pointer' }
  }

  #typesFrom(type: number, offset: number, stride: number): readonly number[] {
    const { types, places } = this.#knowledge
    if (types.of(type).kind === 'struct') return places.typesAt(type, offset, stride)
    return offset === 0 && stride === 0 ? [type] : []
  }

  /** What the uses add: a space, and a type where not every store gives one. */
  #weighUses(facts: SlotFacts, stored: Conclusion, isPartlyTyped: boolean): Conclusion {
    let common: Pointer | undefined = stored.kind === 'pointer' ? stored : undefined
    let used: readonly number[] | undefined
    for (const { at, types, space } of facts.uses) {
      if (types !== undefined) {
        const both: readonly number[] = used === undefined ? types : commonTypes(used, types)
        if (both.length === 0) return doubt([{ at, why: 'it is used as pointers to different types' }])
        used = both
      }
      if (space === Space.unknown) continue
      const known: number = common?.space ?? Space.unknown
      if (known !== Space.unknown && known !== space) {
        return doubt([{ at, why: 'it is used as an arena pointer and as a kernel pointer' }])
      }
      common =
        common === undefined ? { kind: 'pointer', types: [], space, size: undefined } : { ...common, space }
    }
    if (used === undefined)
      return common === undefined ? nothing : isPartlyTyped ? { ...common, types: [] } : common
    if (common === undefined) return { kind: 'pointer', types: used, space: Space.unknown, size: undefined }
    if (common.types.length > 0 && commonTypes(common.types, used).length === 0) {
      const at = facts.uses.find(({ types }) => types !== undefined)?.at
      return doubt([{ at, why: 'it is used as a pointer to another type than is stored' }])
    }
    return common.types.length === 0 || isPartlyTyped ? { ...common, types: used } : common
  }
}

function sourcesOf({ positives, perhaps }: SlotFacts): number[] {
  return [...positives, ...perhaps].flatMap(({ stored }) => (stored.kind === 'copy' ? [stored.slot] : []))
}

function doubt(reasons: readonly Negative[]): Conclusion {
  const seen = new Set<string>()
  const distinct = reasons.filter(({ at, why }) => {
    const key = `${at}:${why}`
    return !seen.has(key) && seen.add(key)
  })
  return { kind: 'doubt', reasons: distinct.slice(0, mostReasons) }
}

/** Types in both lists, in the order of the first. */
function commonTypes(a: readonly number[], b: readonly number[]): number[] {
  return a.filter((type) => b.includes(type))
}

/** Both pointers as one; undefined when they contradict each other. */
function merge(a: Pointer, b: Pointer): Pointer | undefined {
  const hasBoth = a.types.length > 0 && b.types.length > 0
  const types = hasBoth ? commonTypes(a.types, b.types) : a.types.length > 0 ? a.types : b.types
  if (hasBoth && types.length === 0) return undefined
  if (a.space !== Space.unknown && b.space !== Space.unknown && a.space !== b.space) return undefined
  const space = a.space === Space.unknown ? b.space : a.space
  return { kind: 'pointer', types, space, size: a.size === b.size ? a.size : undefined }
}

/** All that makes a difference to other slots. */
function textOf(conclusion: Conclusion): string {
  if (conclusion.kind !== 'pointer') return conclusion.kind
  const { space, size, types } = conclusion
  return [space, size, ...types].join()
}
