import { strip } from '../btf/layout.js'
import type { CType } from '../btf/types.js'
import { type Field, type Fields, fieldsOf } from './fields.js'
import { cpuList, cpusOf, highestCpu, maskLength } from './mask.js'
import {
  container,
  isOurs,
  Node,
  noMember,
  ownProperty,
  ownsName,
  placeOf,
  readOnly,
  refuseWrite,
  type Source,
} from './node.js'
import { memberOrigin, type Origin } from './origin.js'
import { addressAt } from './reading.js'
import { readScalar, ScalarNode } from './scalar-value.js'
import { type MaskShape, type Shape, type StructShape, shapeOf } from './shape.js'
import type { Reference, StructValue, Unreadable, Value } from './types.js'
import { isUnreadable, unreadable } from './unreadable.js'

/** A struct, union or section; a cpumask too, which is one with more to say. */
export class StructNode extends Node<StructShape | MaskShape> {
  get $kind(): 'struct' {
    return 'struct'
  }
  readonly #fields: Fields
  /** Embedded structs and arrays, so that `task.se === task.se`. */
  #parts: Map<string, Value> | undefined

  constructor(source: Source, shape: StructShape | MaskShape, address: bigint, origin: Origin) {
    super(source, shape, address, origin)
    this.#fields = fieldsOf(shape.kind === 'mask' ? shape.struct.bare : shape.bare)
  }

  get $members(): readonly string[] {
    return this.#fields.names
  }

  $member(name: string): Reference {
    const field = this.#fields.get(name)
    if (field === undefined) throw noMember(this.$ctype, name)
    const address = addressAt(this.$address, field.distance)
    const origin = memberOrigin(this.origin, name)
    if (field.width > 0 && isScalar(field)) {
      const place = { shift: field.shift, width: field.width, size: field.size }
      return new ScalarNode(this.source, field.shape, address, origin, place)
    }
    return this.source.reference(field.shape, address, origin, field.home)
  }

  /** What BPF keeps of a task; undefined for every other struct. */
  get $bpf(): unknown {
    const type = strip(this.$ctype)
    return type.kind === 'struct' ? this.source.context.keptOf?.(type.name, this.$address) : undefined
  }

  $offsetOf(path: string): number {
    return placeOf(this.$ctype, path).offset
  }

  $container(type: string | CType, path: string): Value {
    return container(this, this.source, this.$address, type, path)
  }

  /** The CPUs of a cpumask, undefined for every other struct. */
  cpus(): readonly number[] | Unreadable | undefined {
    const shape = this.shape
    if (shape.kind !== 'mask') return undefined
    const highest = highestCpu(this.source.context.cpus)
    const length = maskLength(shape.length, highest)
    const read = this.source.memory.read(addressAt(this.$address, BigInt(shape.start)), length)
    return read.ok ? cpusOf(read.bytes, 0, length, highest) : unreadable(read.problem)
  }

  override toString(): string {
    const cpus = this.cpus()
    if (cpus === undefined) return super.toString()
    return isUnreadable(cpus) ? String(cpus) : cpuList(cpus)
  }

  has(name: string): boolean {
    return this.#fields.get(name) !== undefined || (name === 'cpus' && this.shape.kind === 'mask')
  }

  /** What property access gives. */
  member(name: string): unknown {
    const field = this.#fields.get(name)
    if (field === undefined) return name === 'cpus' ? this.cpus() : undefined
    const { kind } = field.shape
    if (kind === 'int') {
      const address = addressAt(this.$address, field.distance)
      return readScalar(this.source, field.shape, address, field)
    }
    if (kind === 'struct' || kind === 'array' || kind === 'mask') return this.#part(field)
    return this.#read(field)
  }

  /** Variables of a section can be written where the session allows it; nothing else is. */
  assign(name: string, value: unknown): boolean {
    const field = this.#fields.get(name)
    const { assign } = this.source.context
    if (assign === undefined || field === undefined || this.shape.kind !== 'struct') return refuseWrite()
    if (this.shape.bare.kind !== 'section') return refuseWrite()
    const place = { name, address: addressAt(this.$address, field.distance), type: field.type }
    assign(place, value)
    // A section or struct that was read holds what was there.
    this.#parts = undefined
    return true
  }

  #part(field: Field): Value {
    this.#parts ??= new Map()
    let part = this.#parts.get(field.name)
    if (part === undefined) {
      part = this.#read(field)
      this.#parts.set(field.name, part)
    }
    return part
  }

  /** What was allocated where a header ends in a flexible array: C gives that no type (`u64 payload[]`). */
  #behindHeader(address: bigint): Shape | undefined {
    const found = this.source.context.objectAt?.(this.$address)
    return found?.address === address ? shapeOf(found.type) : undefined
  }

  #read(field: Field): Value {
    const address = addressAt(this.$address, field.distance)
    if (field.shape.kind === 'enum') return readScalar(this.source, field.shape, address, field)
    if (field.shape.kind === 'array' && field.shape.length === 0) {
      const behind = this.#behindHeader(address)
      if (behind !== undefined) return this.source.outside.value(behind, address, this.origin)
    }
    return this.source.value(field.shape, address, memberOrigin(this.origin, field.name), field.home)
  }
}

function isScalar(field: Field): field is Field & { shape: { kind: 'int' | 'enum' } } {
  return field.shape.kind === 'int' || field.shape.kind === 'enum'
}

const handler: ProxyHandler<StructNode> = {
  get(node, key) {
    return typeof key === 'symbol' || isOurs(key) || !node.has(key)
      ? ownProperty(node, key)
      : node.member(key)
  },
  has: (node, key) => (typeof key === 'string' && node.has(key)) || ownsName(node, key),
  ownKeys: (node) => [...node.$members],
  getOwnPropertyDescriptor(node, key) {
    if (typeof key !== 'string' || !node.has(key)) return undefined
    return { value: node.member(key), enumerable: true, configurable: true, writable: false }
  },
  ...readOnly,
  set: (node, key, value) => (typeof key === 'string' ? node.assign(key, value) : refuseWrite()),
}

export function makeStruct(
  source: Source,
  shape: StructShape | MaskShape,
  address: bigint,
  origin: Origin,
): StructValue {
  // The handler gives the node its members, which the class cannot say.
  return new Proxy(new StructNode(source, shape, address, origin), handler) as unknown as StructValue
}
