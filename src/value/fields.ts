import { strip } from '../btf/layout.js'
import type { CType, Member, SectionType, StructType } from '../btf/types.js'
import type { Home } from './recovered.js'
import { deepestNesting, opaque, type Shape, shapeOf } from './shape.js'

/** The named members of a struct, union or section, those of anonymous members included. */
export interface Fields {
  readonly names: readonly string[]
  readonly list: readonly Field[]
  get(name: string): Field | undefined
  /** Why members are missing, when the type has more than can be. */
  readonly problem: string | undefined
}

export interface Field {
  readonly name: string
  readonly type: CType
  readonly shape: Shape
  /** Bytes from the start of the struct, rounded down. */
  readonly offset: number
  /** The same, to add to an address. */
  readonly distance: bigint
  /** Bytes that hold it. */
  readonly size: number
  /** Of a bitfield: where it starts within its first byte, and its width, which is 0 when it is none. */
  readonly shift: number
  readonly width: number
  /** Where it is declared: the struct itself, or an anonymous one in it. */
  readonly home: Home
}

/** Members visited, anonymous ones included. The kernel's largest struct has some hundreds. */
const mostMembers = 1 << 17

const known = new WeakMap<StructType | SectionType, Fields>()

export function fieldsOf(type: StructType | SectionType): Fields {
  let fields = known.get(type)
  if (fields === undefined) {
    fields = findFields(type)
    known.set(type, fields)
  }
  return fields
}

function findFields(type: StructType | SectionType): Fields {
  const found = new Map<string, Field>()
  let problem: string | undefined
  if (type.kind === 'section') {
    for (const { variable, offset } of type.variables) {
      add(found, new LazyField(variable.name, variable.type, offset * 8, 0, { type, offset }))
    }
  } else if (!collect(type, 0, found, deepestNesting, { left: mostMembers })) {
    problem = `${type.kind} ${type.name} holds itself, or more than ${mostMembers} members`
  }
  return {
    names: [...found.keys()],
    list: [...found.values()],
    get: (name) => found.get(name),
    problem,
  }
}

function collect(
  struct: StructType,
  base: number,
  into: Map<string, Field>,
  depth: number,
  budget: { left: number },
): boolean {
  if (depth <= 0) return false
  let complete = true
  for (const member of struct.members) {
    if (budget.left-- <= 0) return false
    const bitOffset = base + member.bitOffset
    if (member.name !== '') {
      add(into, fieldOf(member, bitOffset, { type: struct, offset: member.offset }))
      continue
    }
    const inner = strip(member.type)
    if (inner.kind === 'struct' || inner.kind === 'union') {
      complete = collect(inner, bitOffset, into, depth - 1, budget) && complete
    }
  }
  return complete
}

function add(into: Map<string, Field>, field: Field): void {
  if (!into.has(field.name)) into.set(field.name, field)
}

function fieldOf(member: Member, bitOffset: number, home: Home): Field {
  return new LazyField(member.name, member.type, bitOffset, member.bitSize, home)
}

/** Looks at its type when first touched: a struct can have hundreds of members, and most are never read. */
class LazyField implements Field {
  readonly name: string
  readonly type: CType
  readonly offset: number
  readonly distance: bigint
  readonly shift: number
  readonly home: Home
  readonly #declaredWidth: number
  #shape: Shape | undefined
  #width = 0
  #size = 0

  constructor(name: string, type: CType, bitOffset: number, width: number, home: Home) {
    this.name = name
    this.type = type
    this.offset = Math.floor(bitOffset / 8)
    this.distance = BigInt(this.offset)
    this.shift = bitOffset % 8
    this.home = home
    this.#declaredWidth = width
  }

  get shape(): Shape {
    this.#shape ??= this.#look()
    return this.#shape
  }

  get width(): number {
    this.#shape ??= this.#look()
    return this.#width
  }

  get size(): number {
    this.#shape ??= this.#look()
    return this.#size
  }

  #look(): Shape {
    const shape = shapeOf(this.type)
    this.#size = shape.size
    const width = this.#declaredWidth
    if (width === 0) {
      return this.shift === 0 ? shape : opaque(this.type, 'starts inside a byte, but is no bitfield')
    }
    if (shape.kind !== 'int' && shape.kind !== 'enum') {
      return opaque(this.type, `a bitfield of ${width} bits cannot hold this type`)
    }
    if (width > shape.size * 8) {
      return opaque(this.type, `a bitfield of ${width} bits does not fit in its type`)
    }
    if (width === shape.size * 8 && this.shift === 0) return shape
    this.#width = width
    this.#size = Math.ceil((this.shift + width) / 8)
    return shape
  }
}
