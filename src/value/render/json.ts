import { typeName } from '../../btf/type-name.js'
import type { CType } from '../../btf/types.js'
import { textAt } from '../../text/decode.js'
import { bitsAt, floatAt, hexOf, wordAt } from '../bytes.js'
import type { ValueContext } from '../context.js'
import { enumNames } from '../enum.js'
import { type Field, fieldsOf } from '../fields.js'
import { floatJson, integerJson, readBits, readInteger } from '../integer.js'
import { cpuList, cpusOf, highestCpu, maskLength } from '../mask.js'
import { elementHome, type Home, recoveredAt, recoveredJson } from '../recovered.js'
import { deepestNesting, type Shape, type StructShape, shapeOf } from '../shape.js'

/** A C value as plain JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

export interface JsonOptions {
  /** Why `bytes` ends early, as a sentence. */
  readonly missing?: string | undefined
  /** Where the value itself lies, when it is a member. */
  readonly home?: Home | undefined
}

/**
 * How many values rendering a type of `size` bytes may give where `held` bytes are at hand: far more than any real type
 * needs. A type from a broken file can claim any number of members over the same bytes, elements of no size at all, and
 * a size that no memory has.
 */
export function mostValues(size: number, held: number): number {
  return 65536 + 64 * Math.min(size, held)
}

const tooMany = 'the type claims far more values than its bytes can hold'

/**
 * The value of a type in `bytes` from `offset` on, as the contract renders C: structs and unions are objects
 * (anonymous members looked through, every arm of a union), arrays arrays, flexible ones empty, enums their
 * names or numbers, `char` arrays text, cpumasks CPU lists, pointers
 * `{ pointer, type, to? }` with `to` the symbol there, integers that programs keep pointers in the same with `recovered`,
 * other integers beyond 2^53-1 decimal text. What `bytes` does not
 * hold is `{ unreadable }`, what has no value `{ hex, reason }`.
 *
 * `compileJson` gives the same much faster.
 */
export function jsonOf(
  context: ValueContext,
  type: CType,
  bytes: Uint8Array,
  offset = 0,
  options: JsonOptions = {},
): Json {
  const shape = shapeOf(type)
  return new Rendering(context, bytes, mostValues(shape.size, bytes.length), options).value(
    shape,
    offset,
    deepestNesting,
    options.home,
  )
}

class Rendering {
  readonly #context: ValueContext
  readonly #bytes: Uint8Array
  readonly #missing: string
  #left: number

  constructor(context: ValueContext, bytes: Uint8Array, most: number, options: JsonOptions) {
    this.#context = context
    this.#bytes = bytes
    this.#left = most
    this.#missing = options.missing ?? 'the bytes end before this'
  }

  value(shape: Shape, at: number, depth: number, home?: Home): Json {
    if (this.#left-- <= 0) return { unreadable: tooMany }
    if (depth <= 0) return { unreadable: `nested deeper than ${deepestNesting}` }
    if (shape.kind === 'struct') return this.#struct(shape, at, depth)
    if (shape.kind === 'array') return this.#array(shape.element, shape.length, at, depth, home)
    const highest = shape.kind === 'mask' ? highestCpu(this.#context.cpus) : 0
    const size = shape.kind === 'mask' ? shape.start + maskLength(shape.length, highest) : shape.size
    if (at + size > this.#bytes.length) return { unreadable: this.#missing }
    switch (shape.kind) {
      case 'int': {
        const recovered = recoveredAt(this.#context, shape, home)
        const word = recovered && wordAt(this.#bytes, at)
        return recovered && word !== undefined && recovered.accepts(word)
          ? recoveredJson(this.#context, recovered, word)
          : integerJson(readInteger(shape, this.#bytes, at))
      }
      case 'float':
        return floatJson(floatAt(this.#bytes, at, shape.size))
      case 'enum':
        return enumNames(shape.enumeration)
          .read(bitsAt(this.#bytes, at, 0, shape.size * 8), shape.size * 8)
          .toJSON()
      case 'pointer':
        return this.#pointer(shape.pointer, wordAt(this.#bytes, at))
      case 'text':
        return textAt(this.#bytes, at, at + shape.size)
      case 'mask':
        return cpuList(cpusOf(this.#bytes, at + shape.start, shape.length, highest))
      case 'opaque':
        return { hex: hexOf(this.#bytes, at, at + shape.size), reason: shape.reason }
    }
  }

  #struct(shape: StructShape, at: number, depth: number): Json {
    const fields = fieldsOf(shape.bare)
    const members: Record<string, Json> = {}
    for (const field of fields.list) {
      put(members, field.name, this.#field(field, at + field.offset, depth - 1))
      if (this.#left < 0) break
    }
    if (fields.problem !== undefined) put(members, '…', { unreadable: fields.problem })
    return members
  }

  #field(field: Field, at: number, depth: number): Json {
    const { shape, width } = field
    if (width === 0) return this.value(shape, at, depth, field.home)
    if (this.#left-- <= 0) return { unreadable: tooMany }
    if (at + field.size > this.#bytes.length) return { unreadable: this.#missing }
    if (shape.kind === 'enum') {
      const bits = bitsAt(this.#bytes, at, field.shift, width)
      return enumNames(shape.enumeration).read(bits, width).toJSON()
    }
    if (shape.kind !== 'int') return this.value(shape, at, depth)
    return integerJson(readBits(shape, this.#bytes, at, field.shift, width))
  }

  #array(element: Shape, length: number, at: number, depth: number, home: Home | undefined): Json {
    const elements: Json[] = []
    for (let index = 0; index < length && this.#left >= 0; index++) {
      const start = at + index * element.size
      if (start >= this.#bytes.length) {
        elements.push({ unreadable: `elements ${index} to ${length - 1}: ${this.#missing}` })
        break
      }
      elements.push(this.value(element, start, depth - 1, elementHome(home, index, element.size)))
    }
    return elements
  }

  #pointer(type: CType, value: bigint): Json {
    const json = { pointer: `0x${value.toString(16)}`, type: typeName(type) }
    const to = value === 0n ? undefined : this.#context.symbolize(value)
    return to === undefined ? json : { ...json, to }
  }
}

/** Member names come from the guest: `__proto__` must be a member like any other. */
function put(members: Record<string, Json>, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true })
  } else {
    members[name] = value
  }
}
