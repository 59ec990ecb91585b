import type { Code, DataSection } from '../code/code.js'
import { TypeShapes } from '../code/type-shapes.js'
import { Embedding } from './embedding.js'
import { Joins } from './joins.js'
import { type Place, Places, type Slot } from './places.js'
import { type SectionVariable, SectionVariables } from './section-variables.js'
import { Space, TOP, type Value, ValueKind, Values } from './values.js'

/** 'stack' is a load from the stack or from a context, 'load' one from anywhere else. */
export type OriginKind = 'load' | 'stack' | 'call' | 'parameter' | 'derived'

/** Where a value comes from: an instruction or a parameter, and what is known of it there. */
export interface Origin {
  /** Index of the instruction; of a parameter, the first of its function. */
  readonly at: number
  /** Index of the function. */
  readonly function: number
  readonly kind: OriginKind
  /** Number of the parameter, from 0. */
  readonly parameter: number
  /** What is known of the value: a slot, a type, or nothing. */
  readonly general: Value
  /** Bytes allocated there; TOP when that is not known. */
  readonly size: Value
  /** What it is computed from, where it leads into the same memory; TOP otherwise. */
  readonly from: Value
}

/** What earlier rounds have proven of a slot. */
export interface ProvenTarget {
  readonly target: number
  readonly space: number
}

const wordSize = 8
const noPointer = -1
const mostParameters = 5

/** Values together with the types and slots they speak of. */
export class Knowledge {
  readonly code: Code
  readonly types: TypeShapes
  readonly places: Places
  readonly embedding: Embedding
  readonly values: Values
  readonly origins: Origin[] = []
  /** Types of which pointers have been lost in a set that grew too large. */
  readonly lost = new Set<number>()
  readonly #variables: SectionVariables
  /** By slot id. */
  #proven: ReadonlyMap<number, ProvenTarget> = new Map()
  /** Ids of the origins at each instruction, and of parameters. */
  readonly #madeAt: (number | undefined)[] = []
  readonly #madeAlso = new Map<number, number[]>()
  /** By parameter, counted over all functions, then by what is known of it. */
  readonly #arrived: (Map<Value, number> | undefined)[] = []
  /** Answers by value: both only depend on it. */
  #generals: (Value | undefined)[] = []
  #pointers: (Value | undefined)[] = []
  readonly #joins: Joins

  constructor(code: Code, types: TypeShapes, places: Places, embedding = new Embedding(types, places)) {
    this.code = code
    this.types = types
    this.places = places
    this.embedding = embedding
    this.values = new Values()
    this.#variables = new SectionVariables(code.data)
    this.#joins = new Joins(this)
  }

  static of(code: Code): Knowledge {
    const types = new TypeShapes(code.btf, code.data, code.opaqueStructs)
    return new Knowledge(code, types, new Places(types))
  }

  /** The same object and its slots, and nothing known of its values. */
  afresh(): Knowledge {
    return new Knowledge(this.code, this.types, this.places, this.embedding)
  }

  /** From now on, these slots are pointers to these types. */
  prove(proven: ReadonlyMap<number, ProvenTarget>): void {
    this.#proven = proven
    this.#generals = []
    this.#pointers = []
    this.#joins.forget()
  }

  /** What an instruction makes. */
  made(
    kind: Exclude<OriginKind, 'parameter'>,
    at: number,
    inFunction: number,
    general: Value,
    size: Value = TOP,
    from: Value = TOP,
  ): Value {
    const first = this.#madeAt[at]
    if (first === undefined) {
      this.#madeAt[at] = this.origins.length
    } else {
      // Mostly there is one; others come with other knowledge of what the instruction works on.
      const isSame = (id: number): boolean => {
        const known = this.origins[id] as Origin
        return known.general === general && known.size === size && known.from === from && known.kind === kind
      }
      if (isSame(first)) return this.values.origin(first)
      const more = this.#madeAlso.get(at) ?? []
      const other = more.find(isSame)
      if (other !== undefined) return this.values.origin(other)
      more.push(this.origins.length)
      this.#madeAlso.set(at, more)
    }
    return this.#addOrigin({ at, function: inFunction, kind, parameter: 0, general, size, from })
  }

  /** What a function of the program gets as one of its parameters. */
  arrives(inFunction: number, at: number, parameter: number, general: Value): Value {
    const index = inFunction * mostParameters + parameter
    const arrived = this.#arrived[index] ?? new Map<Value, number>()
    this.#arrived[index] = arrived
    const known = arrived.get(general)
    if (known !== undefined) return this.values.origin(known)
    arrived.set(general, this.origins.length)
    return this.#addOrigin({
      at,
      function: inFunction,
      kind: 'parameter',
      parameter,
      general,
      size: TOP,
      from: TOP,
    })
  }

  #addOrigin(origin: Origin): Value {
    const id = this.origins.length
    this.origins.push(origin)
    return this.values.origin(id)
  }

  originOf(value: Value): Origin | undefined {
    return this.values.kind(value) === ValueKind.origin ? this.origins[this.values.ref(value)] : undefined
  }

  slotOf(value: Value): Slot | undefined {
    return this.values.kind(value) === ValueKind.slot ? this.places.slots[this.values.ref(value)] : undefined
  }

  /** What remains of a value when one forgets where it comes from, one step of it; itself when nothing is to forget. */
  general(value: Value): Value {
    const known = this.#generals[value]
    if (known !== undefined) return known
    const general = this.#forget(value)
    this.#generals[value] = general
    return general
  }

  #forget(value: Value): Value {
    const { values } = this
    const kind = values.kind(value)
    if (kind === ValueKind.origin) {
      const origin = this.origins[values.ref(value)]
      return origin === undefined ? TOP : this.#moved(origin.general, value)
    }
    if (kind === ValueKind.slot) {
      const slot = this.places.slots[values.ref(value)]
      return slot === undefined ? TOP : this.#moved(this.#content(slot), value)
    }
    return value
  }

  /** The value as a pointer to a type or into a data section; undefined when it is neither. */
  pointer(value: Value): Value | undefined {
    let found = this.#pointers[value]
    if (found === undefined) {
      found = this.#findPointer(value) ?? noPointer
      this.#pointers[value] = found
    }
    return found === noPointer ? undefined : found
  }

  #findPointer(value: Value): Value | undefined {
    const { values } = this
    const kind = values.kind(value)
    if (kind === ValueKind.section || (kind === ValueKind.typed && values.ref(value) !== 0)) return value
    const next = this.general(value)
    return next === value ? undefined : this.pointer(next)
  }

  /** The address of a byte of a data section, as an instruction names it. */
  sectionAddress(section: number, offset: number): Value {
    return this.values.section(this.#variables.numberAt(section, offset), offset)
  }

  /** The variable that an address in a data section belongs to; undefined when that is not certain. */
  variableOf(pointer: Value): SectionVariable | undefined {
    if (this.values.kind(pointer) !== ValueKind.section) return undefined
    const found = this.#variables.of(this.values.ref(pointer))
    return found.part === undefined ? undefined : found
  }

  #sectionOf(value: Value): DataSection {
    return this.code.data[this.#variables.of(this.values.ref(value)).section] as DataSection
  }

  /** What an access of `width` bytes meets behind a pointer. */
  placeAt(pointer: Value, displacement: number, width: number): Place {
    const { values } = this
    const part = this.variableOf(pointer)?.part
    const offset = values.offset(pointer) + displacement
    return this.places.at(this.rootOf(pointer), offset, values.stride(pointer), width, part)
  }

  /** The types that begin where a pointer leads, outermost first. */
  typesBehind(pointer: Value): number[] {
    const { values } = this
    const part = this.variableOf(pointer)?.part
    return this.places.typesAt(this.rootOf(pointer), values.offset(pointer), values.stride(pointer), part)
  }

  /** The type that a pointer points into, its offsets counted from the start of that type. */
  rootOf(pointer: Value): number {
    const isSection = this.values.kind(pointer) === ValueKind.section
    return isSection ? this.#sectionOf(pointer).typeId : this.values.ref(pointer)
  }

  /** What the slot at that place of a type holds; TOP when there is none. */
  heldIn(type: number, offset: number, stride: number): Value {
    const place = this.places.at(type, offset, stride, wordSize)
    return place.kind === 'slot' ? this.values.slot(place.slot.id) : TOP
  }

  /** What the slot that an address leads to holds; TOP when it leads to none that is known. */
  heldAt(address: Value, displacement: number): Value {
    const pointer = this.pointer(address)
    if (pointer === undefined) return TOP
    const place = this.placeAt(pointer, displacement, wordSize)
    return place.kind === 'slot' ? this.values.slot(place.slot.id) : TOP
  }

  /** Whether it leads to the stack of a caller, or to memory to which no type applies. */
  isElsewhere(value: Value): boolean {
    if (this.values.isCallersStack(value) || this.values.isApart(value)) return true
    const next = this.general(value)
    return next !== value && this.isElsewhere(next)
  }

  /** Arena or kernel, as far as the value itself says. */
  spaceOf(value: Value): number {
    if (this.values.isCast(value)) return Space.arena
    const kind = this.values.kind(value)
    if (kind === ValueKind.section) {
      return this.#sectionOf(value).isArena ? Space.arena : Space.kernel
    }
    if (kind === ValueKind.map) return Space.kernel
    if (kind === ValueKind.typed) return this.values.space(value)
    const next = this.general(value)
    return next === value ? Space.unknown : this.spaceOf(next)
  }

  /** What is true of both: of one path or of another. */
  join(a: Value, b: Value): Value {
    return this.#joins.join(a, b)
  }

  /** What a slot holds, by its declaration or by what is proven. */
  #content(slot: Slot): Value {
    const proven = this.#proven.get(slot.id)
    if (proven !== undefined) return this.values.typed(proven.target, 0, 0, proven.space)
    if (slot.kind === 'word' || slot.isForeign) return TOP
    return slot.target === 0 ? TOP : this.values.typed(slot.target, 0, 0, Space.unknown)
  }

  /** The general form of a value, moved and cast as the value is. */
  #moved(general: Value, value: Value): Value {
    const { values } = this
    if (!values.isAddress(general)) {
      const isPlain = values.offset(value) === 0 && values.stride(value) === 0 && !values.isCast(value)
      return isPlain ? general : TOP
    }
    const moved = values.shift(general, values.offset(value), values.stride(value))
    return values.isCast(value) ? values.cast(moved, true) : moved
  }
}
