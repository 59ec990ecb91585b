import { type InspectOptions, inspect } from 'node:util'
import { CryoscopeError } from '../errors.js'
import { textAt } from '../text/decode.js'
import { Node, ownProperty, ownsName, readOnly, refuseWrite, type Source } from './node.js'
import { elementOrigin, type Origin } from './origin.js'
import { addressAt } from './reading.js'
import { elementHome, type Home } from './recovered.js'
import { decodeScalar } from './scalar-value.js'
import type { ArrayShape, TextShape } from './shape.js'
import type { ArrayValue, Reference, Unreadable, Value } from './types.js'
import { unreadable } from './unreadable.js'

/** Elements read at a time when going through an array. */
const piece = 512
/** More names than this make no sense to list. */
const mostKeys = 1 << 24

class ArrayNode extends Node<ArrayShape | TextShape> {
  get $kind(): 'array' {
    return 'array'
  }
  readonly #home: Home | undefined

  constructor(
    source: Source,
    shape: ArrayShape | TextShape,
    address: bigint,
    origin: Origin,
    home: Home | undefined,
  ) {
    super(source, shape, address, origin)
    this.#home = home
  }

  override get home(): Home | undefined {
    return this.#home
  }

  get length(): number {
    return this.shape.length
  }

  $at(n: number): Value {
    const { element } = this.shape
    return this.source.value(element, this.#address(n), elementOrigin(this.origin, n), this.#homeOf(n))
  }

  $element(n: number): Reference {
    const { element } = this.shape
    return this.source.reference(element, this.#address(n), elementOrigin(this.origin, n), this.#homeOf(n))
  }

  $take(count: number): Value[] {
    return [...this.elements(count)]
  }

  get $text(): string | Unreadable {
    const { bytes, reason, problem } = this.extract()
    const end = bytes.indexOf(0)
    if (end < 0 && reason !== undefined) return unreadable(problem ?? reason)
    return textAt(bytes, 0, bytes.length)
  }

  override toString(): string {
    return this.$format()
  }

  /** Goes through the elements; numbers are read many at a time. */
  *elements(count = this.length): Generator<Value> {
    const { element } = this.shape
    const plain = element.kind === 'int' || element.kind === 'enum' || element.kind === 'float'
    for (let start = 0; start < count; start += piece) {
      const end = Math.min(count, start + piece)
      const read = plain
        ? this.source.memory.read(this.#address(start), (end - start) * element.size)
        : undefined
      for (let n = start; n < end; n++) {
        yield plain && read?.ok
          ? decodeScalar(element, read.bytes, (n - start) * element.size, wholeElement)
          : this.$at(n)
      }
    }
  }

  *[Symbol.iterator](): Generator<Value> {
    yield* this.elements()
  }

  /** Beyond the declared length other members lie, of which other things are known. */
  #homeOf(n: number): Home | undefined {
    const isInside = n >= 0 && n < this.length
    return isInside ? elementHome(this.#home, n, this.shape.element.size) : undefined
  }

  #address(n: number): bigint {
    if (!Number.isSafeInteger(n))
      throw new CryoscopeError('usage', `An array index is a whole number, not ${n}.`)
    return addressAt(this.$address, BigInt(n) * BigInt(this.shape.element.size))
  }
}

const wholeElement = { shift: 0, width: 0, size: 0 }

/** Where the target has its node: `util.inspect` calls the target's methods on the proxy. */
const nodeOf = Symbol('node')

/** What the proxy stands for: an array, so that `Array.isArray` says so; its elements are the node's. */
class Target extends Array<unknown> {
  readonly [nodeOf]: ArrayNode

  constructor(node: ArrayNode) {
    super()
    this[nodeOf] = node
  }

  [inspect.custom](depth: number | null, options: InspectOptions): string {
    return this[nodeOf][inspect.custom](depth, options)
  }
}

/** The index that a property name stands for, -1 for any other name. */
function indexOf(key: string | symbol): number {
  if (typeof key === 'symbol') return -1
  const first = key.charCodeAt(0)
  if (!(first >= 0x30 && first <= 0x39)) return -1
  const index = Number(key)
  return Number.isInteger(index) && `${index}` === key ? index : -1
}

const handler: ProxyHandler<Target> = {
  get({ [nodeOf]: node }, key) {
    const index = indexOf(key)
    if (index >= 0) return index < node.length ? node.$at(index) : undefined
    if (key === nodeOf) return node
    if (key === 'length') return node.length
    if (key in Array.prototype && key !== Symbol.iterator && key !== 'toString') {
      return Reflect.get(Array.prototype, key)
    }
    return ownProperty(node, key)
  },
  has({ [nodeOf]: node }, key) {
    const index = indexOf(key)
    return index >= 0 ? index < node.length : ownsName(node, key) || key in Array.prototype
  },
  ownKeys({ [nodeOf]: node }) {
    if (node.length > mostKeys) {
      throw new CryoscopeError(
        'usage',
        `An array of ${node.length} elements is too long to list; use $at(n).`,
      )
    }
    return [...Array(node.length).keys()].map(String).concat('length')
  },
  getOwnPropertyDescriptor({ [nodeOf]: node }, key) {
    if (key === 'length')
      return { value: node.length, writable: true, enumerable: false, configurable: false }
    const index = indexOf(key)
    if (index < 0 || index >= node.length) return undefined
    return { value: node.$at(index), writable: false, enumerable: true, configurable: true }
  },
  ...readOnly,
  preventExtensions: refuseWrite,
}

export function makeArray(
  source: Source,
  shape: ArrayShape | TextShape,
  address: bigint,
  origin: Origin,
  home?: Home,
): ArrayValue {
  // The handler gives the target its elements, which the class cannot say.
  return new Proxy(
    new Target(new ArrayNode(source, shape, address, origin, home)),
    handler,
  ) as unknown as ArrayValue
}
