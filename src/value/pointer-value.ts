import { syntheticArray } from '../btf/inflate.js'
import { strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { textAt } from '../text/decode.js'
import { wordAt } from './bytes.js'
import { container, isOurs, Node, noMember, ownProperty, ownsName, readOnly, type Source } from './node.js'
import { describeOrigin, elementOrigin, type Origin } from './origin.js'
import { perCpuTags, tagsOf } from './pointer-tags.js'
import { addressAt } from './reading.js'
import { type RecoveredPointer, type RecoveryEvidence, recoveredJson } from './recovered.js'
import type { Json } from './render/json.js'
import { recoveredText } from './render/text.js'
import { type PointerShape, type Shape, shapeOf } from './shape.js'
import { StructNode } from './struct-value.js'
import type { ArrayValue, FormatOptions, PointerValue, Reference, Unreadable, Value } from './types.js'
import { unreadable } from './unreadable.js'

class PointerNode extends Node<PointerShape> {
  get $kind(): 'pointer' {
    return 'pointer'
  }
  readonly #value: bigint
  readonly #recovered: RecoveredPointer | undefined
  #struct: StructNode | Unreadable | undefined

  constructor(
    source: Source,
    shape: PointerShape,
    address: bigint,
    origin: Origin,
    value: bigint,
    recovered?: RecoveredPointer,
  ) {
    super(source, shape, address, origin)
    this.#value = value
    this.#recovered = recovered
  }

  get $value(): bigint {
    return this.#value
  }

  get $isNull(): boolean {
    return this.$value === 0n
  }

  get $recovered(): RecoveryEvidence | undefined {
    return this.#recovered?.evidence
  }

  override $json(): Json {
    if (this.#recovered === undefined) return super.$json()
    return recoveredJson(this.source.context, this.#recovered, this.#value)
  }

  override $format(options: FormatOptions = {}): string {
    if (this.#recovered === undefined) return super.$format(options)
    return recoveredText(this.source.context, this.#recovered, this.#value)
  }

  get $tags(): readonly string[] {
    return tagsOf(this.shape.pointer)
  }

  override get $symbol(): string | undefined {
    return this.$isNull ? undefined : this.source.context.symbolize(this.$value)
  }

  get $target(): Value {
    return this.$index(0)
  }

  get $payload(): Value {
    const why = this.whyNot()
    if (why !== undefined) return unreadable(why)
    const found = this.source.context.objectAt?.(this.#target())
    if (found !== undefined) return this.source.outside.value(shapeOf(found.type), found.address, this.origin)
    return unreadable(`${describeOrigin(this.origin)} points into no allocation of a known type`)
  }

  $index(n: number): Value {
    const target = this.targetShape()
    const why = this.whyNot()
    if (why !== undefined) return unreadable(why)
    const origin = n === 0 ? this.origin : elementOrigin(this.origin, n)
    return this.source.outside.value(target, this.#element(n, target), origin)
  }

  $array(length: number): ArrayValue | Unreadable {
    const why = this.whyNot()
    if (why !== undefined) return unreadable(why)
    const array = shapeOf(syntheticArray(this.targetShape().type, length))
    // An array type is never a scalar, and as a reference no text either.
    return this.source.outside.reference(array, this.#target(), this.origin) as ArrayValue
  }

  $string(longest = 4096): string | Unreadable {
    const why = this.whyNot()
    if (why !== undefined) return unreadable(why)
    return readText(this.source.outside, this.#target(), longest)
  }

  $cpu(cpu: number): Value {
    if (this.$isNull) return unreadable(this.#nullPointer())
    const { context } = this.source
    let base = this.$value
    if (this.$tags.includes('percpu_kptr')) {
      // bpf_mem_alloc keeps the per-CPU pointer in the first word of what it hands out (kernel/bpf/memalloc.c).
      const read = context.memory.read(this.#target(), 8)
      if (!read.ok) return unreadable(read.problem)
      base = wordAt(read.bytes, 0)
    }
    const origin = elementOrigin(this.origin, cpu)
    return this.source.outside.value(this.targetShape(), context.perCpu(base, cpu), origin)
  }

  get $cpus(): readonly { readonly cpu: number; readonly value: Value }[] {
    return this.source.context.cpus.map((cpu) => ({ cpu, value: this.$cpu(cpu) }))
  }

  get $members(): readonly string[] {
    const struct = this.struct()
    return struct instanceof StructNode ? struct.$members : []
  }

  $member(name: string): Reference {
    return this.#structOf(name).$member(name)
  }

  get $bpf(): unknown {
    const struct = this.struct()
    return struct instanceof StructNode ? struct.$bpf : undefined
  }

  $offsetOf(path: string): number {
    return this.#structOf(path).$offsetOf(path)
  }

  $container(type: string | CType, path: string): Value {
    if (this.$isNull) return unreadable(this.#nullPointer())
    return container(this, this.source.outside, this.#target(), type, path)
  }

  override $cast(type: string | CType): Value {
    const shape = shapeOf(this.findType(type))
    if (shape.kind === 'pointer') {
      // The address is the one that was read, whatever the memory holds by now.
      return makePointer(this.source, shape, this.$address, this.origin, this.$value)
    }
    if (shape.kind === 'int' || shape.kind === 'enum') return super.$cast(shape.type)
    return this.$isNull
      ? unreadable(this.#nullPointer())
      : this.source.outside.value(shape, this.#target(), this.origin)
  }

  override toString(): string {
    return `0x${this.$value.toString(16)}`
  }

  [Symbol.toPrimitive](hint: string): string | bigint {
    return hint === 'string' ? this.toString() : this.$value
  }

  /** The struct it points at, to take members from; undefined when it points at none. */
  struct(): StructNode | Unreadable | undefined {
    this.#struct ??= this.#follow()
    return this.#struct
  }

  /** What a name that is no member of the target answers. */
  memberless(): Unreadable {
    const target = this.targetShape()
    const what = target.kind === 'opaque' ? target.reason : `${typeName(target.type)} has no members`
    return unreadable(`${describeOrigin(this.origin)} points at ${typeName(target.type)}: ${what}`)
  }

  /** Why the pointer cannot be followed as it is. */
  whyNot(): string | undefined {
    if (this.$isNull) return this.#nullPointer()
    if (this.$tags.some((tag) => perCpuTags.includes(tag))) {
      return `${describeOrigin(this.origin)} is a per-CPU pointer: $cpu(n) follows it`
    }
    return undefined
  }

  targetShape(): Shape {
    const target = this.shape.pointer.target
    const bare = strip(target)
    const full = bare.kind === 'forward' ? this.source.context.resolveForward?.(bare) : undefined
    return shapeOf(full ?? target)
  }

  #follow(): StructNode | Unreadable | undefined {
    const why = this.whyNot()
    if (why !== undefined) return unreadable(why)
    const target = this.targetShape()
    if (target.kind !== 'struct' && target.kind !== 'mask') return undefined
    if (this.$tags.includes('user')) {
      const path = describeOrigin(this.origin)
      return unreadable(`${path} points into user memory, which is followed only on request: $target does`)
    }
    return new StructNode(this.source.outside, target, this.#target(), this.origin)
  }

  #structOf(name: string): StructNode {
    const target = this.targetShape()
    if (target.kind !== 'struct' && target.kind !== 'mask') throw noMember(target.type, name)
    return new StructNode(this.source.outside, target, this.#target(), this.origin)
  }

  #nullPointer(): string {
    return `null pointer in ${describeOrigin(this.origin)}`
  }

  #target(): bigint {
    return this.source.context.resolvePointer?.(this.$value, this.shape.pointer) ?? this.$value
  }

  /** As GNU C has it, what has no size counts as one byte. */
  #element(n: number, target: Shape): bigint {
    return addressAt(this.#target(), BigInt(n) * BigInt(target.size || 1))
  }
}

/** Reads text byte by byte until its NUL, or what can be read of it. */
function readText(source: Source, address: bigint, longest: number): string | Unreadable {
  const pieces: Uint8Array[] = []
  for (let length = 0; length < longest; ) {
    const start = addressAt(address, BigInt(length))
    // Up to the end of the page: text may end there, with nothing mapped behind it.
    const rest = pageSize - Number(start & BigInt(pageSize - 1))
    const read = source.memory.read(start, Math.min(rest, longest - length))
    const nul = read.bytes.indexOf(0)
    if (nul < 0 && !read.ok) return unreadable(read.problem)
    pieces.push(nul < 0 ? read.bytes : read.bytes.subarray(0, nul))
    if (nul >= 0) break
    length += read.bytes.length
  }
  const text = Buffer.concat(pieces)
  return textAt(text, 0, text.length)
}

const pageSize = 4096

const handler: ProxyHandler<PointerNode> = {
  get(node, key) {
    if (typeof key === 'symbol' || isOurs(key)) return ownProperty(node, key)
    if (/^-?\d+$/.test(key)) return node.$index(Number(key))
    const struct = node.struct()
    if (struct instanceof StructNode) {
      return struct.has(key) ? struct.member(key) : ownProperty(node, key)
    }
    if (key in Object.prototype || key === 'then') return ownProperty(node, key)
    return struct ?? node.memberless()
  },
  has(node, key) {
    if (ownsName(node, key)) return true
    const struct = node.struct()
    return typeof key === 'string' && struct instanceof StructNode && struct.has(key)
  },
  ownKeys: (node) => [...node.$members],
  getOwnPropertyDescriptor(node, key) {
    const struct = node.struct()
    if (typeof key !== 'string' || !(struct instanceof StructNode) || !struct.has(key)) return undefined
    return { value: struct.member(key), enumerable: true, configurable: true, writable: false }
  },
  ...readOnly,
}

export function makePointer(
  source: Source,
  shape: PointerShape,
  address: bigint,
  origin: Origin,
  value: bigint,
  recovered?: RecoveredPointer,
): PointerValue {
  // The handler gives the node the members of its target, which the class cannot say.
  const node = new PointerNode(source, shape, address, origin, value, recovered)
  return new Proxy(node, handler) as unknown as PointerValue
}
