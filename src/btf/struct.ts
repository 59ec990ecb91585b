import type { Btf } from './btf.js'
import { Inflated } from './inflated.js'
import { flagOf, Kind, kindOf, vlenOf } from './kind.js'
import type { Records } from './records.js'
import type { CType, Member, StructType } from './types.js'

/** Modifiers between a member and its integer; real chains have two or three. */
const longestChain = 32
/** Anonymous structs within anonymous structs. */
const deepestNesting = 32
/** Members of anonymous structs visited, beside a struct's own; the kernel's largest has some hundreds. */
const mostLifted = 8192

class StructMember implements Member {
  readonly name: string
  readonly bitOffset: number
  readonly bitSize: number
  readonly #btf: Btf
  readonly #type: number

  constructor(btf: Btf, name: string, type: number, bitOffset: number, bitSize: number) {
    this.name = name
    this.bitOffset = bitOffset
    this.bitSize = bitSize
    this.#btf = btf
    this.#type = type
  }

  get offset(): number {
    return Math.floor(this.bitOffset / 8)
  }

  get type(): CType {
    return this.#btf.type(this.#type)
  }

  /** The same member seen from a struct that this one's struct lies in. */
  within(bitOffset: number): StructMember {
    return new StructMember(this.#btf, this.name, this.#type, this.bitOffset + bitOffset, this.bitSize)
  }
}

class Struct extends Inflated implements StructType {
  readonly kind: 'struct' | 'union'
  readonly size: number
  readonly #records: Records
  #members: readonly StructMember[] | undefined
  #byName: Map<string, Member> | undefined

  constructor(btf: Btf, records: Records, id: number, name: string) {
    super(btf, id, name)
    const at = records.at(id)
    this.kind = kindOf(records.word(at + 1)) === Kind.struct ? 'struct' : 'union'
    this.size = records.word(at + 2)
    this.#records = records
  }

  get members(): readonly StructMember[] {
    this.#members ??= readMembers(this.btf, this.#records, this.id)
    return this.#members
  }

  member(name: string): Member | undefined {
    if (this.#byName === undefined) {
      this.#byName = new Map()
      lift(this, 0, this.#byName, { left: this.members.length + mostLifted }, deepestNesting)
    }
    return this.#byName.get(name)
  }
}

function lift(
  struct: Struct,
  bitOffset: number,
  into: Map<string, Member>,
  budget: { left: number },
  depth: number,
): void {
  for (const member of struct.members) {
    if (budget.left-- <= 0) return
    if (member.name !== '') {
      if (!into.has(member.name)) into.set(member.name, bitOffset === 0 ? member : member.within(bitOffset))
      continue
    }
    const inner = member.type
    if (inner instanceof Struct && depth > 0) {
      lift(inner, bitOffset + member.bitOffset, into, budget, depth - 1)
    }
  }
}

function readMembers(btf: Btf, records: Records, id: number): readonly StructMember[] {
  const at = records.at(id)
  const info = records.word(at + 1)
  const packed = flagOf(info)
  const members: StructMember[] = []
  for (let n = 0; n < vlenOf(info); n++) {
    const element = at + 3 + n * 3
    const name = records.strings.at(records.word(element))
    const type = records.word(element + 1)
    const offset = records.word(element + 2)
    if (packed) {
      members.push(new StructMember(btf, name, type, offset & 0xffffff, offset >>> 24))
    } else {
      const field = oldBitfield(records, type)
      members.push(new StructMember(btf, name, type, offset + field.offset, field.size))
    }
  }
  return members
}

const noBitfield = { offset: 0, size: 0 }

/** Before structs had a flag for bitfields, the width of one was that of its integer type. */
function oldBitfield(records: Records, type: number): { offset: number; size: number } {
  let id = type
  for (let n = 0; n < longestChain; n++) {
    const owner = records.owner(id)
    if (owner === undefined) return noBitfield
    const at = owner.at(id)
    switch (kindOf(owner.word(at + 1))) {
      case Kind.typedef:
      case Kind.const:
      case Kind.volatile:
      case Kind.restrict:
      case Kind.typeTag:
        id = owner.word(at + 2)
        continue
      case Kind.int: {
        const size = owner.word(at + 2)
        const data = owner.word(at + 3)
        const bits = data & 0xff
        const offset = (data >>> 16) & 0xff
        return bits === size * 8 && offset === 0 ? noBitfield : { offset, size: bits }
      }
      default:
        return noBitfield
    }
  }
  return noBitfield
}

/** Makes the struct or union of one record that `records` holds. */
export function inflateStruct(btf: Btf, records: Records, id: number, name: string): StructType {
  return new Struct(btf, records, id, name)
}
