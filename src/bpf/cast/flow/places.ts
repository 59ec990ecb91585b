import { below } from '../code/nested-maps.js'
import type { Part, Shape, TypeShapes } from '../code/type-shapes.js'

/** A word of memory that may hold a pointer: a member of a struct, a global variable, or all elements of an array. */
export interface Slot {
  readonly id: number
  /** The innermost struct or union, or the data section. */
  readonly container: number
  /** Bytes from its start; of an array as a whole, those of its first element. */
  readonly offset: number
  /** 'word' is an integer to C, 'pointer' a declared pointer. */
  readonly kind: 'word' | 'pointer'
  /** What a declared pointer points at; 0 for void and for words. */
  readonly target: number
  readonly isForeign: boolean
  /** The array that it is an element of, or that it stands for. */
  readonly array: { readonly start: number; readonly count: number; readonly isWhole: boolean } | undefined
}

/** What lies at an offset of a type. */
export type Place =
  /** Exactly one slot. */
  | { readonly kind: 'slot'; readonly slot: Slot }
  /** Some bytes of a slot. */
  | { readonly kind: 'part'; readonly slot: Slot }
  /** Members that hold no pointer, padding, or arms of a union that disagree. */
  | { readonly kind: 'plain' }
  /** Beyond what the type describes, `offset` bytes into it: behind a header, in a flexible array of integers. */
  | { readonly kind: 'untyped'; readonly offset: number }
  /** Somewhere in the type: every slot in it may be meant. */
  | { readonly kind: 'anywhere' }

const plain: Place = { kind: 'plain' }
const anywhere: Place = { kind: 'anywhere' }
const deepestNesting = 48
/** Compilers fold constants of an index into the offset (`a[i - 1]`), but not larger ones. */
const farthestFold = 8
const wordSize = 8

type Visit = (shape: Shape, rest: number, isIndexed: boolean) => void

/** Where a walk through a type has come. */
interface Spot {
  /** Bare id of the type there. */
  readonly id: number
  readonly shape: Shape
  /** Bytes from the start of that shape. */
  readonly rest: number
  readonly container: number
  /** Offset in the container at which the shape begins. */
  readonly start: number
  readonly array: { readonly start: number; readonly count: number } | undefined
  /** The access has a variable index into this array. */
  readonly isIndexed: boolean
  /** The index may as well be one into a neighbouring array. */
  readonly isUncertain: boolean
}

/** Finds slots in types; the same place of the same struct is always the same slot. */
export class Places {
  readonly slots: Slot[] = []
  readonly #types: TypeShapes
  readonly #bySlot = new Map<number, Map<number, Slot>>()
  readonly #byPlace = new Map<number, Map<number, Place>>()
  readonly #embedded = new Map<number, ReadonlySet<number>>()

  constructor(types: TypeShapes) {
    this.#types = types
  }

  /**
   * What an access of `width` bytes meets at `offset` bytes from the start of a type. `stride` is not 0 when an
   * unknown multiple of it is added to the offset; with `part`, it stays within that part of the type.
   */
  at(type: number, offset: number, stride: number, width: number, part?: number): Place {
    if (stride !== 0) return this.#find(type, offset, stride, width, part)
    const known = below(this.#byPlace, type)
    const key = offset * 16 + width
    let place = known.get(key)
    if (place === undefined) {
      place = this.#find(type, offset, 0, width)
      known.set(key, place)
    }
    return place
  }

  /**
   * Types that a pointer to that place of a type points at: the structs that begin there, outermost first, or else
   * the member. Empty when nothing begins there.
   */
  typesAt(type: number, offset: number, stride: number, part?: number): number[] {
    const found: number[] = []
    const visit: Visit = (shape, rest, isIndexed) => {
      const isTarget = shape.kind === 'struct' && !shape.isSection && rest === 0
      if (isTarget && (stride === 0 || isIndexed)) found.push(shape.id)
    }
    const spot = this.#descend(type, offset, stride, part, visit)
    if (spot === undefined || spot.isUncertain || (stride !== 0 && !spot.isIndexed)) return found
    const isMember = spot.shape.kind !== 'struct' && spot.shape.kind !== 'array'
    if (found.length === 0 && spot.rest === 0 && isMember && spot.id !== 0) found.push(spot.id)
    return found
  }

  /** Every struct that lies in a type, itself included. */
  embedded(type: number): ReadonlySet<number> {
    const known = this.#embedded.get(type)
    if (known !== undefined) return known
    const found = new Set<number>([type])
    this.#embedded.set(type, found)
    for (const id of found) {
      const shape = this.#types.of(id)
      if (shape.kind !== 'struct') continue
      for (const { typeId } of shape.parts) {
        let part = this.#types.of(typeId)
        while (part.kind === 'array') part = this.#types.of(part.element)
        if (part.kind === 'struct') found.add(part.id)
      }
    }
    return found
  }

  /** The slots of a type with their offsets from its start, as far as `limit` bytes; arrays element by element. */
  *wordsOf(type: number, limit: number): Generator<{ readonly offset: number; readonly slot: Slot }> {
    for (let offset = 0; offset + wordSize <= limit; offset += wordSize) {
      const place = this.at(type, offset, 0, wordSize)
      if (place.kind === 'slot') yield { offset, slot: place.slot }
      else if (place.kind === 'untyped') return
    }
  }

  #find(type: number, offset: number, stride: number, width: number, part?: number): Place {
    const spot = this.#descend(type, offset, stride, part)
    if (spot === undefined) return plain
    const { shape, rest, container, start, array } = spot
    if (spot.isUncertain || (stride !== 0 && !spot.isIndexed)) return anywhere
    switch (shape.kind) {
      case 'word':
      case 'pointer': {
        if (container === 0) return { kind: 'untyped', offset }
        const slot = this.#slot(container, start, shape, array, spot.isIndexed && array !== undefined)
        return rest === 0 && width === wordSize ? { kind: 'slot', slot } : { kind: 'part', slot }
      }
      case 'opaque':
        return { kind: 'untyped', offset: rest }
      case 'scalar': {
        // An access that is wider than the member goes on into the next.
        const over = offset + shape.size - rest
        if (stride !== 0 || shape.size === 0 || over >= offset + width || over <= offset) return plain
        const next = this.#find(type, over, 0, offset + width - over)
        return next.kind === 'slot' || next.kind === 'part' ? { kind: 'part', slot: next.slot } : plain
      }
      case 'array':
      case 'struct':
        return rest >= 0 && shape.kind === 'struct' && rest < shape.size
          ? plain
          : { kind: 'untyped', offset: rest }
    }
  }

  /**
   * Follows an offset inwards to a member that is no struct and no array. Ends at a struct or array when nothing
   * lies there; undefined when arms of a union disagree.
   */
  #descend(type: number, offset: number, stride: number, within?: number, visit?: Visit): Spot | undefined {
    let id = this.#types.bare(type)
    let shape = this.#types.of(type)
    let rest = offset
    let container = 0
    let start = 0
    let array: Spot['array']
    let isIndexed = stride !== 0 && shape.kind === 'struct' && shape.size > 0 && stride % shape.size === 0
    let isUncertain = false
    let arrays = 0
    let isWithin = false
    for (let depth = 0; depth < deepestNesting; depth++) {
      visit?.(shape, rest, isIndexed)
      if (shape.kind === 'struct') {
        const isKnown = depth === 0 && stride !== 0 && within !== undefined
        const part = isKnown ? shape.parts[within] : this.#onlyPart(shape, rest)
        if (part === null) return undefined
        if (part === undefined) break
        if (part.isBitfield) return undefined
        if (stride !== 0 && !isKnown) arrays = arraysIn(this.#types, shape)
        container = shape.id
        start = part.offset
        rest -= part.offset
        id = this.#types.bare(part.typeId)
        shape = this.#types.of(part.typeId)
        array = undefined
        isWithin = isKnown
        continue
      }
      if (shape.kind !== 'array') break
      const { elementSize, length, element } = shape
      // Of a variable that is an array, whatever was added to its address leads to one of its elements.
      if (isWithin && stride % elementSize === 0) rest -= Math.floor(rest / elementSize) * elementSize
      const index = Math.floor(rest / elementSize)
      const inner = this.#types.of(element)
      if (rest < 0 || (length > 0 && index >= length)) break
      if (length === 0 && inner.kind !== 'struct' && inner.kind !== 'pointer') break
      if (stride !== 0 && stride % elementSize === 0) {
        // Which of several arrays is meant is not certain near the end of one.
        const isFar = length === 0 || length - index > farthestFold
        isUncertain ||= arrays > 1 && !isFar && (index > 0 || length === 1)
        isIndexed = true
      }
      array ??= { start, count: 1 }
      array = { start: array.start, count: array.count * length }
      start += index * elementSize
      rest -= index * elementSize
      id = element
      shape = inner
    }
    return { id, shape, rest, container, start, array, isIndexed, isUncertain }
  }

  /**
   * The part that covers an offset; null when there are several that differ or when it says nothing, undefined when
   * there is none.
   */
  #onlyPart(shape: Shape & { readonly kind: 'struct' }, offset: number): Part | undefined | null {
    let found: Part | undefined
    for (const part of shape.parts) {
      if (offset < part.offset) continue
      if (!part.isOpen && offset >= part.offset + part.size) continue
      // Arms of a union that are pointers to the same are one: the kernel calls some members by two names.
      const isSame = found?.offset === part.offset && this.#isSame(found.typeId, part.typeId)
      if (found !== undefined && !isSame) return null
      found ??= part
    }
    return found
  }

  #isSame(a: number, b: number): boolean {
    const types = this.#types
    const [x, y] = [types.of(a), types.of(b)]
    return (
      x.kind === 'pointer' && y.kind === 'pointer' && x.target === y.target && x.isForeign === y.isForeign
    )
  }

  #slot(
    container: number,
    offset: number,
    shape: Shape & { readonly kind: 'word' | 'pointer' },
    array: Spot['array'],
    isWhole: boolean,
  ): Slot {
    const known = below(this.#bySlot, container)
    const at = isWhole && array !== undefined ? array.start : offset
    const key = at * 2 + (isWhole ? 1 : 0)
    let slot = known.get(key)
    if (slot === undefined) {
      slot = {
        id: this.slots.length,
        container,
        offset: at,
        kind: shape.kind,
        target: shape.kind === 'pointer' ? shape.target : 0,
        isForeign: shape.kind === 'pointer' && shape.isForeign,
        array: array && { ...array, isWhole },
      }
      this.slots.push(slot)
      known.set(key, slot)
    }
    return slot
  }
}

/** How many members of a struct are arrays that could hold words. */
function arraysIn(types: TypeShapes, { parts }: Shape & { readonly kind: 'struct' }): number {
  let count = 0
  for (const { typeId } of parts) {
    const part = types.of(typeId)
    if (part.kind !== 'array') continue
    if (types.of(part.element).kind !== 'scalar' && ++count > 1) break
  }
  return count
}
