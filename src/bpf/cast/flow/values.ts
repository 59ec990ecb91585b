import { below } from '../code/nested-maps.js'

/**
 * What a register or a stack slot may hold, as small integers: equal values have equal numbers, so that states
 * compare and join fast. A value stands for everything it describes and for the null pointer.
 */
export type Value = number

export const ValueKind = {
  /** Anything. */
  top: 0,
  /** One number. */
  constant: 1,
  /** Any number that is a multiple of `stride`; no pointer. */
  scalar: 2,
  /** What one instruction has made or one parameter brings, plus an offset. */
  origin: 3,
  /** What a slot of memory holds, plus an offset. */
  slot: 4,
  /** A pointer to a type, plus an offset; type 0 is memory of which no type is known. */
  typed: 5,
  /** The address of a byte of a variable in a data section. */
  section: 6,
  /** An address on the stack of the function, from the frame pointer. */
  frame: 7,
  /** A map. */
  map: 8,
  /** The address of a function of the program. */
  function: 9,
  /** The context that a program is called with. */
  context: 10,
  /** A number that a CO-RE relocation has put into the instruction. */
  core: 11,
  /** The low 32 bits of another value. */
  low: 12,
  /** One of several values. */
  set: 13,
} as const

/** Where a pointer leads: nobody knows, into an arena, into the kernel, sometimes here and sometimes there. */
export const Space = { unknown: 0, arena: 1, kernel: 2, mixed: 3 } as const
/** Beside a space: the pointer has been cast from the arena to what instructions can follow. */
const castFlag = 4
/** Beside no space: the pointer leads to the stack of a caller. */
const stackFlag = 8
/** Beside a space: no type applies to what the pointer leads to. */
const apartFlag = 16
const spaceMask = 3

const largestOffset = 2 ** 31
const largestStride = 2 ** 40

export const TOP: Value = 0

/** The values of one object, each with its fields. */
export class Values {
  readonly kinds: number[] = []
  readonly refs: number[] = []
  readonly offsets: number[] = []
  readonly strides: number[] = []
  readonly flags: number[] = []
  readonly #sets: (readonly Value[])[] = []
  readonly #singles: (readonly Value[])[] = []
  /** Values of whole origins and slots, which are asked for most. */
  readonly #origins: (Value | undefined)[] = []
  readonly #slots: (Value | undefined)[] = []
  readonly #setIds = new Map<string, number>()
  /** By kind, flags, stride, offset and reference: most have no offset. */
  readonly #known = new Map<number, Map<number, Map<number, Map<number, Map<number, Value>>>>>()

  constructor() {
    this.#plain(ValueKind.top, 0)
  }

  constant(number: number): Value {
    return Number.isSafeInteger(number) ? this.#plain(ValueKind.constant, 0, number) : this.scalar(1)
  }

  scalar(stride: number): Value {
    return this.#intern(ValueKind.scalar, 0, 0, stride >= 1 && stride <= largestStride ? stride : 1, 0)
  }

  origin(id: number): Value {
    this.#origins[id] ??= this.#plain(ValueKind.origin, id)
    return this.#origins[id] as Value
  }

  slot(id: number): Value {
    this.#slots[id] ??= this.#plain(ValueKind.slot, id)
    return this.#slots[id] as Value
  }

  typed(type: number, offset: number, stride: number, space: number): Value {
    return this.#place(ValueKind.typed, type, offset, stride, space)
  }

  /** `variable` counts those of all sections; the offset is from the start of the section. */
  section(variable: number, offset: number): Value {
    return this.#place(ValueKind.section, variable, offset, 0, 0)
  }

  frame(offset: number): Value {
    return this.#place(ValueKind.frame, 0, offset, 0, 0)
  }

  map(definition: number): Value {
    return this.#plain(ValueKind.map, definition)
  }

  function(index: number): Value {
    return this.#plain(ValueKind.function, index)
  }

  context(index: number): Value {
    return this.#plain(ValueKind.context, index)
  }

  /** The number in the instruction, and the index of that instruction. */
  core(number: number, instruction: number): Value {
    return this.#plain(ValueKind.core, instruction, number)
  }

  low(value: Value): Value {
    return this.#plain(ValueKind.low, value)
  }

  /** One of the values, of which there must be at least two. */
  set(members: readonly Value[]): Value {
    const sorted = members.toSorted((a, b) => a - b)
    const key = sorted.join()
    let id = this.#setIds.get(key)
    if (id === undefined) {
      id = this.#sets.length
      this.#sets.push(sorted)
      this.#setIds.set(key, id)
    }
    return this.#plain(ValueKind.set, id)
  }

  kind(value: Value): number {
    return this.kinds[value] as number
  }

  ref(value: Value): number {
    return this.refs[value] as number
  }

  offset(value: Value): number {
    return this.offsets[value] as number
  }

  stride(value: Value): number {
    return this.strides[value] as number
  }

  space(value: Value): number {
    const flags = this.flags[value] as number
    return (flags & castFlag) !== 0 ? Space.arena : flags & spaceMask
  }

  /** Whether it is an arena pointer in the form in which instructions use it, not the one that is stored. */
  isCast(value: Value): boolean {
    return ((this.flags[value] as number) & castFlag) !== 0
  }

  /** The values of a set, or the value alone. */
  members(value: Value): readonly Value[] {
    if (this.kinds[value] === ValueKind.set) return this.#sets[this.refs[value] as number] as Value[]
    let single = this.#singles[value]
    if (single === undefined) {
      single = [value]
      this.#singles[value] = single
    }
    return single
  }

  /** Whether it has an offset: it is an address, or may be one. */
  isAddress(value: Value): boolean {
    const kind = this.kinds[value] as number
    return kind >= ValueKind.origin && kind <= ValueKind.frame
  }

  isNumber(value: Value): boolean {
    const kind = this.kinds[value] as number
    return kind === ValueKind.constant || kind === ValueKind.scalar || kind === ValueKind.core
  }

  isNull(value: Value): boolean {
    return this.kinds[value] === ValueKind.constant && this.offsets[value] === 0
  }

  /** An address so many bytes farther, and any multiple of `stride` beyond; anything else as it is. */
  shift(value: Value, offset: number, stride = 0): Value {
    if (!this.isAddress(value) || (offset === 0 && stride === 0)) return value
    return this.#place(
      this.kinds[value] as number,
      this.refs[value] as number,
      (this.offsets[value] as number) + offset,
      gcd(this.strides[value] as number, stride),
      this.flags[value] as number,
    )
  }

  /** An address on the stack of a function that has called this one. */
  callersStack(): Value {
    return this.#intern(ValueKind.typed, 0, 0, 0, stackFlag)
  }

  /** The start of memory to which no type of the program's BTF applies: values of a map that is declared by sizes. */
  apart(): Value {
    return this.#intern(ValueKind.typed, 0, 0, 0, apartFlag | Space.kernel)
  }

  isApart(value: Value): boolean {
    return this.kinds[value] === ValueKind.typed && ((this.flags[value] as number) & apartFlag) !== 0
  }

  isCallersStack(value: Value): boolean {
    return this.kinds[value] === ValueKind.typed && ((this.flags[value] as number) & stackFlag) !== 0
  }

  /** The address after a cast from the arena (`isCast`) or to it; null stays null, and is known to be cast. */
  cast(value: Value, isCast: boolean): Value {
    if (this.isNull(value)) return this.#intern(ValueKind.constant, 0, 0, 0, isCast ? castFlag : 0)
    if (!this.isAddress(value)) return value
    const flags = this.flags[value] as number
    return this.#place(
      this.kinds[value] as number,
      this.refs[value] as number,
      this.offsets[value] as number,
      this.strides[value] as number,
      isCast ? flags | castFlag : flags & ~castFlag,
    )
  }

  /** The same address, in that space. */
  inSpace(value: Value, space: number): Value {
    if (this.kinds[value] !== ValueKind.typed) return value
    const flags = ((this.flags[value] as number) & ~spaceMask) | space
    return this.#place(
      ValueKind.typed,
      this.refs[value] as number,
      this.offsets[value] as number,
      this.strides[value] as number,
      flags,
    )
  }

  /** An address wherever in the thing that this one leads into. */
  anywhere(value: Value): Value {
    return this.#place(
      this.kinds[value] as number,
      this.refs[value] as number,
      0,
      1,
      this.flags[value] as number,
    )
  }

  /** Two addresses in the same thing as one; undefined when they are in different things. */
  merge(a: Value, b: Value): Value | undefined {
    const kind = this.kinds[a] as number
    if (kind !== this.kinds[b] || this.refs[a] !== this.refs[b] || !this.isAddress(a)) return undefined
    if (this.isCast(a) !== this.isCast(b)) return undefined
    const [offset, other] = [this.offsets[a] as number, this.offsets[b] as number]
    const stride = gcd(gcd(this.strides[a] as number, this.strides[b] as number), Math.abs(offset - other))
    // On the stack the lowest counts: what is below has not been meant.
    const start = kind === ValueKind.frame ? Math.min(offset, other) : offset
    const flags = this.flags[a] as number
    const space = mergeSpaces(flags & spaceMask, (this.flags[b] as number) & spaceMask)
    return this.#place(kind, this.refs[a] as number, start, stride, (flags & ~spaceMask) | space)
  }

  /** One thing, and not one of several. */
  #plain(kind: number, ref: number, offset = 0): Value {
    return this.#intern(kind, ref, offset, 0, 0)
  }

  #place(kind: number, ref: number, offset: number, stride: number, flags: number): Value {
    if (Math.abs(offset) > largestOffset || stride > largestStride) return TOP
    return this.#intern(kind, ref, offset, stride, flags)
  }

  #intern(kind: number, ref: number, offset: number, stride: number, flags: number): Value {
    const known = below(below(below(below(this.#known, kind), flags), stride), offset)
    let value = known.get(ref)
    if (value === undefined) {
      value = this.kinds.length
      known.set(ref, value)
      this.kinds.push(kind)
      this.refs.push(ref)
      this.offsets.push(offset)
      this.strides.push(stride)
      this.flags.push(flags)
    }
    return value
  }
}

export function gcd(a: number, b: number): number {
  let x = a
  let y = b
  while (y !== 0) [x, y] = [y, x % y]
  return x
}

/** Both at once: what is not known of one is not known of both. */
function mergeSpaces(a: number, b: number): number {
  if (a === b) return a
  if (a === Space.mixed || b === Space.mixed) return Space.mixed
  return a === Space.unknown || b === Space.unknown ? Space.unknown : Space.mixed
}
