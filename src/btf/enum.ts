import type { Btf } from './btf.js'
import { Inflated } from './inflated.js'
import { flagOf, Kind, kindOf, vlenOf } from './kind.js'
import type { Records } from './records.js'
import type { EnumType, EnumValue } from './types.js'

class Enum extends Inflated implements EnumType {
  readonly kind = 'enum'
  readonly size: number
  readonly signed: boolean
  readonly #records: Records
  #values: readonly EnumValue[] | undefined
  #names: Map<bigint, string> | undefined
  #byName: Map<string, bigint> | undefined

  constructor(btf: Btf, records: Records, id: number, name: string) {
    super(btf, id, name)
    const at = records.at(id)
    this.size = records.word(at + 2)
    this.signed = flagOf(records.word(at + 1))
    this.#records = records
  }

  get values(): readonly EnumValue[] {
    this.#values ??= readValues(this.#records, this.id, this.signed)
    return this.#values
  }

  nameOf(value: bigint): string | undefined {
    if (this.#names === undefined) {
      this.#names = new Map()
      for (const { name, value } of this.values) {
        if (!this.#names.has(value)) this.#names.set(value, name)
      }
    }
    return this.#names.get(value)
  }

  override valueOf(): this
  override valueOf(name: string): bigint | undefined
  override valueOf(name?: string): this | bigint | undefined {
    // JavaScript calls valueOf without a name when it wants a primitive.
    if (name === undefined) return this
    this.#byName ??= new Map(this.values.map(({ name, value }) => [name, value]))
    return this.#byName.get(name)
  }
}

function readValues(records: Records, id: number, signed: boolean): readonly EnumValue[] {
  const at = records.at(id)
  const info = records.word(at + 1)
  const wide = kindOf(info) === Kind.enum64
  const values: EnumValue[] = []
  for (let n = 0; n < vlenOf(info); n++) {
    const element = at + 3 + n * (wide ? 3 : 2)
    const name = records.strings.at(records.word(element))
    const low = records.word(element + 1)
    if (wide) {
      const value = (BigInt(records.word(element + 2)) << 32n) | BigInt(low)
      values.push({ name, value: signed ? BigInt.asIntN(64, value) : value })
    } else {
      values.push({ name, value: BigInt(signed ? low | 0 : low) })
    }
  }
  return values
}

/** Makes the enum of one record that `records` holds. */
export function inflateEnum(btf: Btf, records: Records, id: number, name: string): EnumType {
  return new Enum(btf, records, id, name)
}
