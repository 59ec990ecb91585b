import type { Dominance } from '../code/dominance.js'
import type { Knowledge } from '../flow/knowledge.js'
import { Space, TOP, type Value, ValueKind } from '../flow/values.js'
import type { Evidence, Follow, View } from './evidence.js'

/** What one of the values that are stored somewhere is. */
export type Stored =
  | { readonly kind: 'null' }
  | {
      readonly kind: 'pointer'
      /** Types that begin at the address, outermost first; empty when no type is known. */
      readonly types: readonly number[]
      readonly space: number
      /** Bytes allocated at the address; undefined when that is not known. */
      readonly size: number | undefined
    }
  /** The same as that slot holds, plus an offset. */
  | {
      readonly kind: 'copy'
      readonly slot: number
      readonly offset: number
      readonly stride: number
      readonly space: number
    }
  | { readonly kind: 'number'; readonly why: string }
  | {
      readonly kind: 'unknown'
      readonly why: string
      /** It is read from memory of which nothing is known; everything else that is unknown may well be a number. */
      readonly isLoaded?: boolean
      /** The pointer that it is taken for elsewhere, if not always. */
      readonly likely?: LikelyPointer
    }

/** What a value is taken for in some places. */
export interface LikelyPointer {
  readonly types: readonly number[]
  readonly space: number
}

/** Which of two instructions of the same function always comes with the other. */
export interface Order {
  /** Undefined when they are in different functions. */
  between(
    at: number,
    other: number,
  ): { readonly dominance: Dominance; readonly blocks: readonly [number, number] } | undefined
}

/** Says what values are, by all that has been seen of them. */
export class StoredValues {
  readonly #knowledge: Knowledge
  readonly #evidence: Evidence
  readonly #order: Order
  readonly #numbers = new Map<Value, readonly Stored[]>()

  constructor(knowledge: Knowledge, evidence: Evidence, order: Order) {
    this.#knowledge = knowledge
    this.#evidence = evidence
    this.#order = order
  }

  /** What the value stored by an instruction is: one entry for each that it may be. */
  describe(value: Value, at: number): readonly Stored[] {
    // Of a number it does not matter who stores it.
    const isNumber = this.#knowledge.values.isNumber(value)
    const known = isNumber ? this.#numbers.get(value) : undefined
    if (known !== undefined) return known
    const found = this.#knowledge.values.members(value).map((member) => this.#describe(member, at))
    if (isNumber) this.#numbers.set(value, found)
    return found
  }

  /** Types that a value of that origin is taken for, `offset` bytes from its start, whenever the instruction runs. */
  viewsAt(origin: number, offset: number, at: number): number[] {
    return this.#viewsOf(origin, offset, (view) => this.alwaysTogether(view.at, at, origin))
  }

  /** The types that all of those views give. */
  #viewsOf(origin: number, offset: number, counts: (view: View) => boolean): number[] {
    const { places, types } = this.#knowledge
    let common: number[] | undefined
    for (const view of this.#evidence.views.get(origin) ?? []) {
      if (view.offset > offset || !counts(view)) continue
      const size = types.of(view.type)
      if (view.offset !== offset && (size.kind !== 'struct' || offset >= view.offset + size.size)) continue
      const found = places.typesAt(view.type, offset - view.offset, 0)
      common = common === undefined ? found : common.filter((type) => found.includes(type))
    }
    return common ?? []
  }

  /**
   * Whether a value of that origin that meets one of two instructions always meets the other: one comes always
   * before or always after the other, and the value is not made anew in between.
   */
  alwaysTogether(view: number, at: number, origin: number): boolean {
    const made = this.#knowledge.origins[origin]
    const order = this.#order.between(view, at)
    const making = made && this.#order.between(made.at, at)
    if (made === undefined || order === undefined || making === undefined) return false
    const [viewBlock, block] = order.blocks
    const [makingBlock] = making.blocks
    if (viewBlock === block) {
      const isMadeBetween =
        makingBlock === block && made.at > Math.min(view, at) && made.at < Math.max(view, at)
      return made.kind === 'parameter' || !isMadeBetween
    }
    if (order.dominance.dominates(viewBlock, block)) return true
    return (
      order.dominance.postdominates(viewBlock, block) &&
      (made.kind === 'parameter' || !order.dominance.reaches(block, makingBlock, viewBlock))
    )
  }

  /** The space that a value is followed into; mixed when there are several. */
  spaceOf(follows: readonly Follow[] | undefined): number {
    let space: number = Space.unknown
    for (const follow of follows ?? []) {
      if (space === Space.unknown) space = follow.space
      else if (space !== follow.space) return Space.mixed
    }
    return space
  }

  #describe(value: Value, at: number): Stored {
    const { values } = this.#knowledge
    if (values.isNull(value)) return { kind: 'null' }
    switch (values.kind(value)) {
      case ValueKind.constant:
        return { kind: 'number', why: `the number ${values.offset(value)} is stored` }
      case ValueKind.scalar:
      case ValueKind.core:
        return { kind: 'number', why: 'a number is stored' }
      case ValueKind.low:
        return { kind: 'number', why: 'the low half of an address is stored' }
      case ValueKind.map:
        return { kind: 'pointer', types: [], space: Space.kernel, size: undefined }
      case ValueKind.frame:
        return { kind: 'unknown', why: 'an address on the stack is stored' }
      case ValueKind.origin:
        return this.#describeOrigin(value, at)
      case ValueKind.slot:
        return this.#describeGeneral(value, this.#evidence.slotFollows.get(values.ref(value)))
      case ValueKind.typed:
      case ValueKind.section:
        return this.#describeGeneral(value, undefined)
      default:
        return { kind: 'unknown', why: 'a value of unknown origin is stored' }
    }
  }

  #describeOrigin(value: Value, at: number): Stored {
    const { values } = this.#knowledge
    const id = values.ref(value)
    const follows = this.#evidence.follows.get(id)
    const stored = this.#describeGeneral(this.#knowledge.general(value), follows)
    const isTypeless = stored.kind === 'unknown' || (stored.kind === 'pointer' && stored.types.length === 0)
    if (!isTypeless || values.isCast(value) || values.stride(value) !== 0) return stored
    const types = this.viewsAt(id, values.offset(value), at)
    const space = stored.kind === 'pointer' ? stored.space : this.spaceOf(follows)
    if (types.length > 0) return { kind: 'pointer', types, space, size: undefined }
    if (stored.kind === 'unknown') return this.#describeUnknown(value, id, stored.why)
    if (stored.kind !== 'pointer' || values.offset(value) !== 0) return stored
    const size = this.#knowledge.originOf(value)?.size ?? TOP
    return { ...stored, size: values.kind(size) === ValueKind.constant ? values.offset(size) : undefined }
  }

  #describeUnknown(value: Value, id: number, why: string): Stored {
    const isLoaded = this.#knowledge.origins[id]?.kind === 'load'
    const types = this.#viewsOf(id, this.#knowledge.values.offset(value), () => true)
    const space = this.spaceOf(this.#evidence.follows.get(id))
    const isLikely = types.length > 0 && space !== Space.mixed
    return { kind: 'unknown', why, isLoaded, ...(isLikely ? { likely: { types, space } } : {}) }
  }

  #describeGeneral(value: Value, follows: readonly Follow[] | undefined): Stored {
    const { values } = this.#knowledge
    const kind = values.kind(value)
    if (values.isNumber(value)) return { kind: 'number', why: 'a number is stored' }
    if (values.isAddress(value) && values.isCast(value)) {
      return { kind: 'unknown', why: 'an arena address is stored in the form that only instructions use' }
    }
    const seen = this.spaceOf(follows)
    if (kind === ValueKind.slot) {
      return {
        kind: 'copy',
        slot: values.ref(value),
        offset: values.offset(value),
        stride: values.stride(value),
        space: seen,
      }
    }
    if (kind === ValueKind.map) return { kind: 'pointer', types: [], space: Space.kernel, size: undefined }
    if (kind !== ValueKind.typed && kind !== ValueKind.section) {
      return { kind: 'unknown', why: 'a value of unknown origin is stored' }
    }
    const known = this.#knowledge.spaceOf(value)
    const space = known === Space.unknown ? seen : known
    if (kind === ValueKind.typed && values.ref(value) === 0) {
      return { kind: 'pointer', types: [], space, size: undefined }
    }
    const types = this.#knowledge.typesBehind(value)
    return { kind: 'pointer', types, space, size: undefined }
  }
}
