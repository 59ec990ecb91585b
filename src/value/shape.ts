import { sizeOf, strip } from '../btf/layout.js'
import type { CType, EnumType, PointerType, SectionType, StructType } from '../btf/types.js'
import { maskOf } from './mask.js'

/**
 * What a type comes down to once typedefs, qualifiers and tags are off: how its bytes are to be read.
 * One is kept per type, so that everything compiled from it can be kept with it.
 */
export type Shape =
  | IntShape
  | FloatShape
  | EnumShape
  | PointerShape
  | TextShape
  | ArrayShape
  | StructShape
  | MaskShape
  | OpaqueShape

interface Base {
  /** The type as it was declared, for its name. */
  readonly type: CType
  /** Bytes. */
  readonly size: number
}

export interface IntShape extends Base {
  readonly kind: 'int'
  readonly signed: boolean
  readonly bool: boolean
  /** C's plain `char`. */
  readonly char: boolean
  /** Which bits of the storage count. */
  readonly bitOffset: number
  readonly bits: number
}

export interface FloatShape extends Base {
  readonly kind: 'float'
  readonly size: 2 | 4 | 8
}

export interface EnumShape extends Base {
  readonly kind: 'enum'
  readonly enumeration: EnumType
}

export interface PointerShape extends Base {
  readonly kind: 'pointer'
  readonly pointer: PointerType
}

/** An array of `char`: text up to its first NUL. */
export interface TextShape extends Base {
  readonly kind: 'text'
  readonly element: Shape
  readonly length: number
}

export interface ArrayShape extends Base {
  readonly kind: 'array'
  readonly element: Shape
  /** 0 for a flexible array. */
  readonly length: number
}

/** A struct, a union, or a section with its variables as members. */
export interface StructShape extends Base {
  readonly kind: 'struct'
  readonly bare: StructType | SectionType
}

/** A struct that is a set of CPUs. */
export interface MaskShape extends Base {
  readonly kind: 'mask'
  readonly struct: StructShape
  /** Where the bits lie in the struct, in bytes. */
  readonly start: number
  readonly length: number
}

/** Something whose bytes cannot be told a value, and why. `size` is 0 when it has none. */
export interface OpaqueShape extends Base {
  readonly kind: 'opaque'
  readonly reason: string
}

/** Arrays of arrays and structs of structs nested deeper than this are shown as bytes. */
export const deepestNesting = 32

const shapes = new WeakMap<CType, Shape>()

export function shapeOf(type: CType): Shape {
  let shape = shapes.get(type)
  if (shape === undefined) {
    shape = makeShape(type, deepestNesting)
    shapes.set(type, shape)
  }
  return shape
}

function nested(type: CType, depth: number): Shape {
  return shapes.get(type) ?? makeShape(type, depth)
}

export function opaque(type: CType, reason: string): OpaqueShape {
  return { kind: 'opaque', type, size: sizeOf(type) ?? 0, reason }
}

function makeShape(type: CType, depth: number): Shape {
  if (depth <= 0) return opaque(type, `arrays nested deeper than ${deepestNesting}`)
  const bare = strip(type)
  switch (bare.kind) {
    case 'int': {
      const { size, bits, bitOffset } = bare
      if (bits < 1 || bits + bitOffset > size * 8) {
        return opaque(type, `integer of ${bits} bits in ${size} bytes`)
      }
      const char = size === 1 && (bare.encoding === 'char' || bare.name === 'char')
      return {
        kind: 'int',
        type,
        size,
        signed: bare.signed,
        bool: bare.encoding === 'bool',
        char,
        bits,
        bitOffset,
      }
    }
    case 'float': {
      const { size } = bare
      if (size === 2 || size === 4 || size === 8) return { kind: 'float', type, size }
      return opaque(type, `floating point of ${size} bytes, whose format depends on the machine`)
    }
    case 'enum':
      if (bare.size < 1 || bare.size > 8) return opaque(type, `enum of ${bare.size} bytes`)
      return { kind: 'enum', type, size: bare.size, enumeration: bare }
    case 'pointer': {
      const size = bare.btf.pointerSize
      if (size !== 8) return opaque(type, `pointer of ${size} bytes`)
      return { kind: 'pointer', type, size, pointer: bare }
    }
    case 'array': {
      const element = nested(bare.element, depth - 1)
      const size = element.size * bare.length
      if (!Number.isSafeInteger(size)) return opaque(type, `array of ${bare.length} elements is too large`)
      if (element.kind === 'opaque' && element.size === 0) return opaque(type, `array of ${element.reason}`)
      if (element.kind === 'int' && element.char) {
        return { kind: 'text', type, size, element, length: bare.length }
      }
      if (element.size === 0 && bare.length > 0) {
        return opaque(type, `array of ${bare.length} elements without size`)
      }
      return { kind: 'array', type, size, element, length: bare.length }
    }
    case 'struct':
    case 'union':
    case 'section':
      return structShape(type, bare)
    case 'variable':
      return makeShape(bare.type, depth - 1)
    case 'void':
      return opaque(type, 'void has no value')
    case 'forward':
      return opaque(type, `only a forward declaration of ${bare.of} ${bare.name} is known`)
    case 'function':
    case 'prototype':
      return opaque(type, 'a function is not data')
    case 'unknown':
      return opaque(type, bare.reason)
    default:
      return opaque(type, `${bare.kind} is not data`)
  }
}

function structShape(type: CType, bare: StructType | SectionType): StructShape | MaskShape {
  const struct: StructShape = { kind: 'struct', type, size: bare.size, bare }
  const mask = bare.kind === 'struct' ? maskOf(bare) : undefined
  return mask === undefined ? struct : { kind: 'mask', type, size: struct.size, struct, ...mask }
}
