import type { Code, DataSection } from '../code/code.js'
import { TypeShapes } from '../code/type-shapes.js'
import { Places, type Slot } from './places.js'
import { gcd, Space, TOP, type Value, ValueKind, Values } from './values.js'

/** Where a value comes from: an instruction or a parameter, and what is known of it there. */
export interface Origin {
  /** Index of the instruction; of a parameter, the first of its function. */
  readonly at: number
  /** Index of the function. */
  readonly function: number
  readonly kind: 'load' | 'call' | 'parameter' | 'derived'
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

const largestSet = 6
const wordSize = 8
const noPointer = -1
const mostParameters = 5

/** Values together with the types and slots they speak of. */
export class Knowledge {
  readonly code: Code
  readonly types: TypeShapes
  readonly places: Places
  readonly values: Values
  readonly origins: Origin[] = []
  /** Types of which pointers have been lost in a set that grew too large. */
  readonly lost = new Set<number>()
  /** By slot id. */
  #proven: ReadonlyMap<number, ProvenTarget> = new Map()
  /** Ids of the origins at each instruction, and of parameters. */
  readonly #madeAt: (number | undefined)[] = []
  readonly #madeAlso = new Map<number, number[]>()
  /** By parameter, counted over all functions, then by what is known of it. */
  readonly #arrived: (Map<Value, number> | undefined)[] = []
  /** Answers by value: both only depend on it. */
  readonly #generals: (Value | undefined)[] = []
  readonly #pointers: (Value | undefined)[] = []
  readonly #joined: (Map<Value, Value> | undefined)[] = []

  constructor(code: Code, types: TypeShapes, places: Places) {
    this.code = code
    this.types = types
    this.places = places
    this.values = new Values(code.instructions.length / 8)
  }

  static of(code: Code): Knowledge {
    const types = new TypeShapes(code.btf, code.data, code.opaqueStructs)
    return new Knowledge(code, types, new Places(types))
  }

  /** The same object and its slots, and nothing known of its values. */
  afresh(): Knowledge {
    return new Knowledge(this.code, this.types, this.places)
  }

  /** From now on, these slots are pointers to these types. */
  prove(proven: ReadonlyMap<number, ProvenTarget>): void {
    this.#proven = proven
    this.#generals.length = 0
    this.#pointers.length = 0
    this.#joined.length = 0
  }

  /** What an instruction makes. */
  made(
    kind: 'load' | 'call' | 'derived',
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
    let at = value
    for (let n = 0; n < 4; n++) {
      const kind = values.kind(at)
      if (kind === ValueKind.section || (kind === ValueKind.typed && values.ref(at) !== 0)) return at
      const next = this.general(at)
      if (next === at) return undefined
      at = next
    }
    return undefined
  }

  /** The type that a pointer points into, its offsets counted from the start of that type. */
  rootOf(pointer: Value): number {
    const ref = this.values.ref(pointer)
    if (this.values.kind(pointer) !== ValueKind.section) return ref
    return (this.code.data[ref] as DataSection).typeId
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
    const offset = this.values.offset(pointer) + displacement
    return this.heldIn(this.rootOf(pointer), offset, this.values.stride(pointer))
  }

  /** Arena or kernel, as far as the value itself says. */
  spaceOf(value: Value): number {
    if (this.values.isCast(value)) return Space.arena
    const kind = this.values.kind(value)
    if (kind === ValueKind.section) {
      return this.code.data[this.values.ref(value)]?.isArena ? Space.arena : Space.kernel
    }
    if (kind === ValueKind.map) return Space.kernel
    if (kind === ValueKind.typed) return this.values.space(value)
    const next = this.general(value)
    return next === value ? Space.unknown : this.spaceOf(next)
  }

  /** What is true of both: of one path or of another. */
  join(a: Value, b: Value): Value {
    if (a === b) return a
    let known = this.#joined[a]
    if (known === undefined) {
      known = new Map()
      this.#joined[a] = known
    }
    let joined = known.get(b)
    if (joined === undefined) {
      joined = this.#join(a, b)
      known.set(b, joined)
    }
    return joined
  }

  #join(a: Value, b: Value): Value {
    const { values } = this
    if (values.isNumber(a) && values.isNumber(b)) return this.#joinNumbers(a, b)
    if (values.isNull(a)) return b
    if (values.isNull(b)) return a
    if (values.kind(a) === ValueKind.low && values.kind(b) === ValueKind.low) {
      const whole = this.join(values.ref(a), values.ref(b))
      return whole === TOP || values.isNumber(whole) ? values.scalar(1) : values.low(whole)
    }
    const merged = values.kind(a) === ValueKind.section ? this.#mergeSections(a, b) : values.merge(a, b)
    if (merged !== undefined) return merged
    const x = this.#part(a)
    const y = this.#part(b)
    if (x !== undefined && y !== undefined) return this.#joinParts(x, y)
    const members: Value[] = []
    for (const member of [...this.#parts(a), ...this.#parts(b)]) this.#add(members, member)
    return this.#union(members)
  }

  /** The same for values of which neither is a set. */
  #joinParts(x: Value, y: Value): Value {
    if (x === y) return x
    const { values } = this
    if (x === TOP || y === TOP) {
      const other = x === TOP ? y : x
      return this.#isWorthKeeping(other) ? values.pair(TOP, other) : TOP
    }
    const merged = this.#mergeParts(x, y)
    if (merged !== undefined) return merged
    return this.#commonPointer([x, y]) ?? values.pair(x, y)
  }

  #mergeParts(x: Value, y: Value): Value | undefined {
    const { values } = this
    if (values.isNumber(x) && values.isNumber(y)) return this.#joinNumbers(x, y)
    return values.kind(x) === ValueKind.section ? this.#mergeSections(x, y) : values.merge(x, y)
  }

  #joinNumbers(a: Value, b: Value): Value {
    const { values } = this
    const stride = gcd(this.#strideOf(a), this.#strideOf(b))
    return stride === 0 ? values.constant(0) : values.scalar(stride)
  }

  /** What a number is a multiple of; 0 for zero. */
  #strideOf(value: Value): number {
    const { values } = this
    return values.kind(value) === ValueKind.scalar ? values.stride(value) : Math.abs(values.offset(value))
  }

  /** Addresses in the same variable; different variables have nothing in common. */
  #mergeSections(a: Value, b: Value): Value | undefined {
    const { values } = this
    if (values.kind(b) !== ValueKind.section || values.ref(a) !== values.ref(b)) return undefined
    const variables = (this.code.data[values.ref(a)] as DataSection).variables
    const covers = (offset: number) =>
      variables.findIndex((one) => offset >= one.offset && offset < one.offset + one.size)
    const variable = covers(values.offset(a))
    return variable >= 0 && variable === covers(values.offset(b)) ? values.merge(a, b) : undefined
  }

  /** The same of a value that has one member; undefined for sets and null. */
  #part(value: Value): Value | undefined {
    const { values } = this
    if (values.isNull(value)) return undefined
    let part = value
    if (values.kind(part) === ValueKind.origin) part = this.general(part)
    switch (values.kind(part)) {
      case ValueKind.origin:
        return TOP
      case ValueKind.low:
        return values.scalar(1)
      case ValueKind.set:
        return undefined
      default:
        return values.isNull(part) ? undefined : part
    }
  }

  /** The members of a value that are not nothing, without where they come from. */
  #parts(value: Value): readonly Value[] {
    const { values } = this
    if (values.isNull(value)) return []
    if (values.kind(value) === ValueKind.origin) {
      const next = this.general(value)
      return values.kind(next) === ValueKind.origin ? [TOP] : this.#parts(next)
    }
    if (values.kind(value) === ValueKind.low) return [values.scalar(1)]
    return values.members(value)
  }

  #add(members: Value[], value: Value): void {
    for (const [index, member] of members.entries()) {
      if (member === value) return
      const merged = this.#mergeParts(member, value)
      if (merged !== undefined) {
        members[index] = merged
        return
      }
    }
    members.push(value)
  }

  #union(all: readonly Value[]): Value {
    const { values } = this
    const isOpen = all.some((member) => member === TOP)
    const members = isOpen ? all.filter((member) => this.#isWorthKeeping(member)) : all
    if (isOpen && members.length === 0) return TOP
    if (members.length === 1 && !isOpen) return members[0] as Value
    const common = isOpen ? undefined : this.#commonPointer(members)
    if (common !== undefined) return common
    if (members.length > largestSet) {
      for (const member of members) {
        const pointer = this.pointer(member)
        if (pointer !== undefined) this.lost.add(this.rootOf(pointer))
      }
      return TOP
    }
    return values.set(isOpen ? [TOP, ...members] : members)
  }

  /** Among anything, only what is a pointer, or may turn out to be one: what is stored through it counts. */
  #isWorthKeeping(value: Value): boolean {
    return this.values.kind(value) === ValueKind.slot || this.pointer(value) !== undefined
  }

  /** The pointer that all are when one forgets which slot they come from. */
  #commonPointer(members: readonly Value[]): Value | undefined {
    let common: Value | undefined
    for (const member of members) {
      const isCommon =
        this.values.kind(member) === ValueKind.slot || this.values.kind(member) === ValueKind.typed
      const pointer = isCommon ? this.pointer(member) : undefined
      if (pointer === undefined) return undefined
      const merged: Value | undefined = common === undefined ? pointer : this.values.merge(common, pointer)
      if (merged === undefined || this.values.offset(merged) !== this.values.offset(pointer)) return undefined
      common = merged
    }
    return common
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
