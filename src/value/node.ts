import { type InspectOptions, inspect } from 'node:util'
import { memberAt, type Place } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { Problem, VirtualMemory } from '../memory/types.js'
import { escapeText } from '../text.js'
import type { ValueContext } from './context.js'
import { findType } from './find-type.js'
import type { Origin } from './origin.js'
import { addressAt, type Extract, extract } from './reading.js'
import type { Home } from './recovered.js'
import { type Json, jsonOf } from './render/json.js'
import { formatValue } from './render/text.js'
import { type Shape, shapeOf } from './shape.js'
import type { FormatOptions, Reference, Value } from './types.js'

/** Makes values: where their bytes are, and what they need to know. */
export interface Source {
  readonly context: ValueContext
  /** Holds the bytes of the values made here. */
  readonly memory: VirtualMemory
  /** Makes what pointers lead to. */
  readonly outside: Source
  /** What a user holds. */
  value(shape: Shape, address: bigint, origin: Origin, home?: Home): Value
  /** The same as an object, even for scalars and text. */
  reference(shape: Shape, address: bigint, origin: Origin, home?: Home): Reference
}

/** A value that is an object: a type at an address. Most are behind proxies that add members or elements. */
export abstract class Node<S extends Shape = Shape> {
  abstract get $kind(): string
  readonly #source: Source
  readonly #shape: S
  readonly #address: bigint
  readonly #origin: Origin

  constructor(source: Source, shape: S, address: bigint, origin: Origin) {
    this.#source = source
    this.#shape = shape
    this.#address = address
    this.#origin = origin
  }

  get source(): Source {
    return this.#source
  }

  get shape(): S {
    return this.#shape
  }

  get origin(): Origin {
    return this.#origin
  }

  /** What it is a member of, where that says more of its integers than their type does. */
  get home(): Home | undefined {
    return undefined
  }

  get $type(): string {
    return typeName(this.#shape.type)
  }

  get $ctype(): CType {
    return this.#shape.type
  }

  get $address(): bigint {
    return this.#address
  }

  get $size(): number {
    return this.#shape.size
  }

  get $bytes(): Uint8Array {
    return this.extract().bytes.slice()
  }

  get $problem(): Problem | undefined {
    return this.extract().problem
  }

  get $symbol(): string | undefined {
    return this.#source.context.symbolize(this.#address)
  }

  $cast(type: string | CType): Value {
    return this.#source.value(shapeOf(this.findType(type)), this.#address, this.#origin)
  }

  $json(): Json {
    const { bytes, reason } = this.extract()
    return jsonOf(this.#source.context, this.#shape.type, bytes, 0, {
      missing: reason,
      home: this.home,
    })
  }

  $format(options: FormatOptions = {}): string {
    const { bytes, reason } = this.extract()
    return formatValue(this.#source.context, this.#shape.type, bytes, {
      ...options,
      missing: reason,
      home: this.home,
    })
  }

  toJSON(): Json {
    return this.$json()
  }

  toString(): string {
    return `${this.$type} at 0x${this.#address.toString(16)}`
  }

  /** `depth` is null for no limit. */
  [inspect.custom](depth: number | null, options: InspectOptions): string {
    return this.$format({
      depth: depth === null ? undefined : Math.max(0, depth),
      elements: options.maxArrayLength ?? undefined,
      columns: columnsOf(options),
    })
  }

  /** The value's bytes, as far as they can be had. */
  extract(): Extract {
    return extract(this.#source.memory, this.#address, this.#shape.size)
  }

  findType(type: string | CType): CType {
    return typeof type === 'string' ? findType(this.#source.context, this.#shape.type.btf, type) : type
  }
}

function columnsOf({ breakLength }: InspectOptions): number | undefined {
  return breakLength === undefined || breakLength === Number.POSITIVE_INFINITY ? undefined : breakLength
}

/** Where a path leads in a type; throws for a path that leads nowhere. */
export function placeOf(type: CType, path: string): Place {
  const place = memberAt(type, path)
  if (place === undefined) throw noMember(type, path)
  return place
}

export function noMember(type: CType, name: string): CryoscopeError {
  return new CryoscopeError('not-found', `${typeName(type)} has no member ${escapeText(name)}.`)
}

/** The kernel's container_of: the struct whose member `path` is at `address`. */
export function container(
  node: Node,
  source: Source,
  address: bigint,
  type: string | CType,
  path: string,
): Value {
  const outer = node.findType(type)
  const { offset } = placeOf(outer, path)
  return source.value(shapeOf(outer), addressAt(address, -BigInt(offset)), node.origin)
}

/**
 * Names that are never C members: those with `$`, and two that JavaScript needs to be functions. A member with one of
 * these names is still to be had by `$member`.
 */
export function isOurs(key: string | symbol): boolean {
  return typeof key === 'symbol' || key.charCodeAt(0) === dollar || key === 'toJSON' || key === 'toString'
}

const dollar = 0x24

/**
 * What a proxy answers for a name that is no C member: ours when it starts with `$`, what every object has
 * otherwise. Methods come bound, because `this` would be the proxy.
 */
export function ownProperty(node: Node, key: string | symbol): unknown {
  if (!isOurs(key)) return Reflect.get(Object.prototype, key)
  const own: unknown = Reflect.get(node, key)
  return typeof own === 'function' ? own.bind(node) : own
}

/** Whether `ownProperty` has something for a name: methods that we call ourselves are none of the value's. */
export function ownsName(node: Node, key: string | symbol): boolean {
  return key in (isOurs(key) ? node : Object.prototype)
}

export function refuseWrite(): never {
  throw new CryoscopeError(
    'usage',
    'Values are read-only; vm.write(value.$member("name"), …) writes, as does an assignment to a variable of a program: vm.map(".bss").variables.name = …',
  )
}

/** Traps that make an object immutable. */
export const readOnly = {
  set: refuseWrite,
  defineProperty: refuseWrite,
  deleteProperty: refuseWrite,
  setPrototypeOf: () => false,
} as const
