import { sizeOf, strip } from '../../../btf/layout.js'
import type { CType, FunctionPrototype } from '../../../btf/types.js'
import type { CodeFunction } from './code.js'
import type { Liveness } from './liveness.js'
import type { TypeShapes } from './type-shapes.js'

/** How the parameters and the result of a function are declared, as far as that can be relied on. */
export interface Prototype {
  readonly parameters: readonly Declared[]
  readonly result: Declared
  /** There are parameters beyond the five that registers hold. */
  readonly hasMore: boolean
}

export type Declared =
  /** A pointer to a type that has a size. */
  | { readonly kind: 'pointer'; readonly target: number; readonly isConstant: boolean }
  /** A pointer to void, a 64-bit integer: anything. */
  | { readonly kind: 'word'; readonly isPointer: boolean; readonly isConstant: boolean }
  | { readonly kind: 'number' }
  | { readonly kind: 'void' }

const nothing: Declared = { kind: 'void' }

/** Every call of a function asks, each time that it is looked at. */
const known = new WeakMap<TypeShapes, Map<number, Prototype | undefined>>()

/** Reads a BTF function type; undefined when it is none. */
export function readPrototype(types: TypeShapes, typeId: number | undefined): Prototype | undefined {
  if (typeId === undefined) return undefined
  let ofTypes = known.get(types)
  if (ofTypes === undefined) {
    ofTypes = new Map()
    known.set(types, ofTypes)
  }
  if (!ofTypes.has(typeId)) ofTypes.set(typeId, prototypeOf(types, typeId))
  return ofTypes.get(typeId)
}

function prototypeOf(types: TypeShapes, typeId: number): Prototype | undefined {
  const type = types.btf.type(typeId)
  const prototype: CType | undefined = type.kind === 'function' ? strip(type.prototype) : undefined
  if (prototype?.kind !== 'prototype') return undefined
  // Structs by value take two registers, or one for the address where the result goes.
  const isPlain = [prototype.result, ...prototype.parameters.map(({ type }) => type)].every(isOneRegister)
  if (!isPlain) return undefined
  return {
    parameters: parametersOf(prototype).map((parameter) => declared(types, parameter)),
    result: declared(types, prototype.result),
    hasMore: prototype.parameters.length > 5,
  }
}

function isOneRegister(type: CType): boolean {
  const bare = strip(type)
  return bare.kind !== 'struct' && bare.kind !== 'union' && bare.kind !== 'array' && (sizeOf(bare) ?? 0) <= 8
}

function parametersOf(prototype: FunctionPrototype): CType[] {
  return prototype.parameters.slice(0, 5).map(({ type }) => type)
}

function declared(types: TypeShapes, type: CType): Declared {
  const shape = types.of(type.id)
  if (shape.kind === 'word') return { kind: 'word', isPointer: false, isConstant: true }
  if (shape.kind !== 'pointer') return strip(type).kind === 'void' ? nothing : { kind: 'number' }
  const isConstant = targetsConstant(type)
  return shape.target === 0 || shape.isForeign
    ? { kind: 'word', isPointer: true, isConstant }
    : { kind: 'pointer', target: shape.target, isConstant }
}

function targetsConstant(type: CType): boolean {
  const bare = strip(type)
  let at: CType | undefined = bare.kind === 'pointer' ? bare.target : undefined
  for (let n = 0; at !== undefined && n < 32; n++) {
    if (at.kind === 'const') return true
    at = at.kind === 'typedef' || at.kind === 'volatile' || at.kind === 'type_tag' ? at.target : undefined
  }
  return false
}

/**
 * Whether a static function still has the parameters that it declares. Compilers drop those that are not used and
 * move the others to lower registers, without a word in BTF: only where every declared parameter is read, none
 * has been dropped.
 */
export function keepsParameters(
  called: CodeFunction,
  prototype: Prototype,
  liveness: () => Liveness,
): boolean {
  if (called.binding !== 'static' || called.isCallback) return true
  const count = prototype.parameters.length
  const all = ((1 << (count + 1)) - 1) & ~1
  return !prototype.hasMore && (count === 0 || (liveness().atEntry & 0b111110) === all)
}
