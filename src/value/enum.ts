import type { EnumType } from '../btf/types.js'

/** What an enum member reads as. The same enum and number give the same object, so `===` compares. */
export class EnumValue {
  /** Undefined when the enum has no name for the number. */
  readonly name: string | undefined
  /** A bigint for enums of 8 bytes. */
  readonly value: number | bigint

  constructor(name: string | undefined, value: number | bigint) {
    this.name = name
    this.value = value
  }

  /** Whether it has this name, or this number. */
  is(other: string | number | bigint): boolean {
    return typeof other === 'string' ? this.name === other : BigInt(this.value) === BigInt(other)
  }

  toString(): string {
    return this.name ?? `${this.value}`
  }

  valueOf(): number | bigint {
    return this.value
  }

  toJSON(): string | number {
    if (this.name !== undefined) return this.name
    return Number.isSafeInteger(Number(this.value)) ? Number(this.value) : `${this.value}`
  }

  [Symbol.toPrimitive](hint: string): string | number | bigint {
    return hint === 'string' ? this.toString() : this.value
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.name === undefined ? `${this.value}` : `${this.name} (${this.value})`
  }
}

/** Names by the bits that are stored: files from before enums had a sign flag list negative values unsigned. */
export interface EnumNames {
  /** `value` may have any sign. */
  nameOf(value: bigint): string | undefined
  /** The enum's value for stored bits, which hold `width` of its bits. */
  read(bits: bigint, width: number): EnumValue
}

const known = new WeakMap<EnumType, EnumNames>()

export function enumNames(type: EnumType): EnumNames {
  let names = known.get(type)
  if (names === undefined) {
    names = makeNames(type)
    known.set(type, names)
  }
  return names
}

function makeNames(type: EnumType): EnumNames {
  const width = type.size * 8
  const names = new Map<bigint, string>()
  for (const { name, value } of type.values) {
    const bits = BigInt.asUintN(width, value)
    if (name !== '' && !names.has(bits)) names.set(bits, name)
  }
  const made = new Map<bigint, EnumValue>()
  const nameOf = (value: bigint) => names.get(BigInt.asUintN(width, value))
  return {
    nameOf,
    read(bits, stored) {
      const value = type.signed ? BigInt.asIntN(stored, bits) : BigInt.asUintN(stored, bits)
      const found = made.get(value)
      if (found !== undefined) return found
      const name = nameOf(value)
      const result = new EnumValue(name, type.size > 4 ? value : Number(value))
      // Numbers without a name are without bound.
      if (name !== undefined) made.set(value, result)
      return result
    },
  }
}
