import { bitsAt, floatAt } from './bytes.js'
import { EnumValue, enumNames } from './enum.js'
import { readBits, readInteger } from './integer.js'
import { Node, type Source } from './node.js'
import type { Origin } from './origin.js'
import type { Json } from './render/json.js'
import { formatScalar } from './render/scalar-text.js'
import type { EnumShape, FloatShape, IntShape, OpaqueShape } from './shape.js'
import type { FormatOptions, OpaqueValue, Scalar, Value } from './types.js'
import { isUnreadable, unreadable } from './unreadable.js'

export type ScalarShape = IntShape | EnumShape | FloatShape

/** The bits of a bitfield: where it starts in its first byte, how wide it is, and the bytes it touches. */
export interface BitPlace {
  readonly shift: number
  readonly width: number
  readonly size: number
}

const wholeBytes = (shape: ScalarShape): BitPlace => ({ shift: 0, width: 0, size: shape.size })

/** Reads an integer, enum or floating point number; `bits` for a bitfield. */
export function readScalar(
  source: Source,
  shape: ScalarShape,
  address: bigint,
  place: BitPlace = wholeBytes(shape),
): Value {
  const read = source.memory.read(address, place.size)
  return read.ok ? decodeScalar(shape, read.bytes, 0, place) : unreadable(read.problem)
}

export function decodeScalar(shape: ScalarShape, bytes: Uint8Array, offset: number, place: BitPlace): Value {
  switch (shape.kind) {
    case 'int':
      return place.width > 0
        ? readBits(shape, bytes, offset, place.shift, place.width)
        : readInteger(shape, bytes, offset)
    case 'enum': {
      const width = place.width || shape.size * 8
      return enumNames(shape.enumeration).read(bitsAt(bytes, offset, place.shift, width), width)
    }
    case 'float':
      return floatAt(bytes, offset, shape.size)
  }
}

export class ScalarNode extends Node<ScalarShape> implements Scalar {
  get $kind(): 'scalar' {
    return 'scalar'
  }
  readonly #place: BitPlace

  constructor(
    source: Source,
    shape: ScalarShape,
    address: bigint,
    origin: Origin,
    place: BitPlace = wholeBytes(shape),
  ) {
    super(source, shape, address, origin)
    this.#place = place
  }

  get $value(): Value {
    return readScalar(this.source, this.shape, this.$address, this.#place)
  }

  get $bitOffset(): number {
    return this.#place.width === 0 ? 0 : this.#place.shift
  }

  get $bitSize(): number {
    return this.#place.width
  }

  override $json(): Json {
    if (this.#place.width === 0) return super.$json()
    const value = this.$value
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`
    return typeof value === 'object' ? value.toJSON() : value
  }

  override $format(options: FormatOptions = {}): string {
    const value = this.$value
    return isUnreadable(value) ? value.toString() : formatScalar(this.shape, value, options)
  }

  override toString(): string {
    return String(this.$value)
  }

  [Symbol.toPrimitive](hint: string): string | number | bigint | boolean {
    const value = this.$value
    if (hint === 'string') return String(value)
    if (value instanceof EnumValue) return value.value
    return typeof value === 'object' ? Number.NaN : value
  }
}

export class OpaqueNode extends Node<OpaqueShape> implements OpaqueValue {
  get $kind(): 'opaque' {
    return 'opaque'
  }

  get $reason(): string {
    return this.shape.reason
  }
}
