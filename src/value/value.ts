import { strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import type { VirtualMemory } from '../memory/types.js'
import { textAt } from '../text/decode.js'
import { makeArray } from './array-value.js'
import { wordAt } from './bytes.js'
import type { ValueContext } from './context.js'
import type { Source } from './node.js'
import { type Origin, rootOrigin } from './origin.js'
import { makePointer } from './pointer-value.js'
import { extract, OverlaidMemory } from './reading.js'
import { type Home, recoveredAt } from './recovered.js'
import { OpaqueNode, readScalar, ScalarNode } from './scalar-value.js'
import { type IntShape, type PointerShape, type Shape, shapeOf, type TextShape } from './shape.js'
import { makeStruct } from './struct-value.js'
import type { ObjectValue, PointerValue, Reference, Unreadable, Value } from './types.js'
import { unreadable } from './unreadable.js'

/**
 * The value of a type at an address, as users hold it: numbers and text are read now, structs, arrays and what
 * pointers lead to when they are looked at. Never throws for memory that cannot be read: that gives an
 * `Unreadable`. `name` is what sentences call it ("null pointer in init_task.mm").
 */
export function makeValue(context: ValueContext, type: CType, address: bigint, name?: string): Value {
  const full = complete(context, type)
  return new Maker(context).value(shapeOf(full), address, rootOrigin(name ?? typeName(type)))
}

/** The same, but always an object that knows its address and type: a `Scalar` for a number, an array for text. */
export function makeReference(context: ValueContext, type: CType, address: bigint, name?: string): Reference {
  const full = complete(context, type)
  return new Maker(context).reference(shapeOf(full), address, rootOrigin(name ?? typeName(type)))
}

/**
 * A value in bytes that were read before, such as an entry of a map; `address` is where they were. What its
 * pointers lead to is read from the context's memory.
 */
export function valueOfBytes(
  context: ValueContext,
  type: CType,
  bytes: Uint8Array,
  address = 0n,
  name?: string,
): Value {
  const memory = new OverlaidMemory(context.memory, address, bytes)
  const maker = new Maker(context, memory)
  return maker.value(shapeOf(complete(context, type)), address, rootOrigin(name ?? typeName(type)))
}

function complete(context: ValueContext, type: CType): CType {
  const bare = strip(type)
  return bare.kind === 'forward' ? (context.resolveForward?.(bare) ?? type) : type
}

class Maker implements Source {
  readonly context: ValueContext
  readonly memory: VirtualMemory
  readonly outside: Source

  constructor(context: ValueContext, memory: VirtualMemory = context.memory) {
    this.context = context
    this.memory = memory
    this.outside = memory === context.memory ? this : new Maker(context)
  }

  value(shape: Shape, address: bigint, origin: Origin, home?: Home): Value {
    switch (shape.kind) {
      case 'int':
      case 'enum':
      case 'float':
        return readScalar(this, shape, address)
      case 'text':
        return this.#text(shape, address)
      default:
        return this.#object(shape, address, origin, home)
    }
  }

  reference(shape: Shape, address: bigint, origin: Origin, home?: Home): Reference {
    switch (shape.kind) {
      case 'int':
        return this.#recovered(shape, address, origin, home) ?? new ScalarNode(this, shape, address, origin)
      case 'enum':
      case 'float':
        return new ScalarNode(this, shape, address, origin)
      case 'text':
        return makeArray(this, shape, address, origin)
      default:
        return this.#object(shape, address, origin, home)
    }
  }

  /** What is an object however it is asked for. */
  #object(
    shape: Exclude<Shape, { kind: 'int' | 'enum' | 'float' | 'text' }>,
    address: bigint,
    origin: Origin,
    home: Home | undefined,
  ): ObjectValue | Unreadable {
    switch (shape.kind) {
      case 'pointer':
        return this.#pointer(shape, address, origin)
      case 'struct':
      case 'mask':
        return makeStruct(this, shape, address, origin)
      case 'array':
        return makeArray(this, shape, address, origin, home)
      case 'opaque':
        return new OpaqueNode(this, shape, address, origin)
    }
  }

  #pointer(shape: PointerShape, address: bigint, origin: Origin): PointerValue | Unreadable {
    const read = this.memory.read(address, shape.size)
    if (!read.ok) return unreadable(read.problem)
    return makePointer(this, shape, address, origin, wordAt(read.bytes, 0))
  }

  /** An integer in which programs keep a pointer, as that pointer. */
  #recovered(
    shape: IntShape,
    address: bigint,
    origin: Origin,
    home: Home | undefined,
  ): PointerValue | undefined {
    const recovered = recoveredAt(this.context, shape, home)
    if (recovered === undefined) return undefined
    const read = this.memory.read(address, shape.size)
    const value = read.ok ? wordAt(read.bytes, 0) : undefined
    if (value === undefined || !recovered.accepts(value)) return undefined
    const pointer = shapeOf(recovered.type)
    return pointer.kind === 'pointer'
      ? makePointer(this, pointer, address, origin, value, recovered)
      : undefined
  }

  #text(shape: TextShape, address: bigint): string | Unreadable {
    const { bytes, reason, problem } = extract(this.memory, address, shape.size)
    // Text that ends before the unreadable part is whole.
    if (reason !== undefined && bytes.indexOf(0) < 0) return unreadable(problem ?? reason)
    return textAt(bytes, 0, bytes.length)
  }
}
