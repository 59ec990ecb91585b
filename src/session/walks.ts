import { inspect } from 'node:util'
import { strip } from '../btf/layout.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { Frame } from '../frame/frame.js'
import { frame } from '../frame/list.js'
import { globalTypes } from '../kernel/globals.js'
import type { Kernel } from '../kernel/kernel.js'
import { Layout } from '../kernel/struct-reader.js'
import { entries, hlistNodes, listNodes } from '../kernel/walk/list.js'
import { mapleEntries } from '../kernel/walk/maple.js'
import { rbtreeNodes } from '../kernel/walk/rbtree.js'
import { rhashtableNodes } from '../kernel/walk/rhashtable.js'
import { idrEntries, xarrayEntries } from '../kernel/walk/xarray.js'
import type { Problems } from '../problems.js'
import type { Reference, Value } from '../value/types.js'
import { makeValue } from '../value/value.js'
import { placeOf } from './places.js'
import type { Session } from './session.js'

/** Where a list or tree begins: a symbol, an address, a value that lies there, or a pointer to it. */
export type WalkStart = string | bigint | Value | Reference

/** An entry of an xarray or idr. */
export interface IndexedEntry<T = Value> {
  readonly index: number
  readonly value: T
}

/** An entry of a maple tree with the range that it stands for, both ends included. */
export interface RangeEntry<T = Value> {
  readonly first: bigint
  readonly last: bigint
  readonly value: T
}

/** Elements shown of one that is only looked at. */
const shown = 100

/**
 * What a list or tree of the kernel holds, in its order, walked anew each time it is iterated. It ends whatever the
 * memory holds; what could not be read is in `vm.problems`.
 */
export class Walk<T> implements Iterable<T> {
  readonly #walk: () => Iterable<T>

  constructor(walk: () => Iterable<T>) {
    this.#walk = walk
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#walk()[Symbol.iterator]()
  }

  /** The first `count` elements. */
  take(count: number): T[] {
    const found: T[] = []
    if (count <= 0) return found
    for (const element of this) if (found.push(element) >= count) break
    return found
  }

  toArray(): T[] {
    return [...this]
  }

  toJSON(): T[] {
    return this.toArray()
  }

  /** All of it as typed columns. */
  frame(): Frame {
    return frame(this)
  }

  [inspect.custom](_depth: number, options: object, show: typeof inspect): string {
    const found = this.take(shown + 1)
    const more = found.length > shown ? `, … (the first ${shown}; toArray() gives all)` : ''
    return `${show(found.slice(0, shown), options)}${more}`
  }
}

/** How the nodes of one kind of list or tree are found. */
type Nodes = (kernel: Kernel, head: bigint, problems: Problems, where: string) => Iterable<bigint>

const nodes = {
  list: listNodes,
  hlist: hlistNodes,
  rbtree: rbtreeNodes,
  rhashtable: rhashtableNodes,
} satisfies Record<string, Nodes>

/** The structs that are linked by their member `member`: the kernel's list_for_each_entry and its like. */
export function walkLinked(
  vm: Session,
  problems: Problems,
  kind: keyof typeof nodes,
  start: WalkStart,
  type: string | CType,
  member: string,
): Walk<Value> {
  const { kernel, valueContext: context } = vm
  const found = typeof type === 'string' ? vm.type(type) : type
  const bare = strip(found)
  if (bare.kind !== 'struct' && bare.kind !== 'union')
    throw new CryoscopeError('usage', `elements of a ${kind} are structs; ${named(type)} is none`)
  const place = new Layout(bare).find(member)
  if (place === undefined)
    throw new CryoscopeError('usage', `${named(type)} has no member ${member} to be linked by`)
  const head = startOf(vm, start)
  return new Walk(function* () {
    const where = `${kind} of ${named(type)} at 0x${head.toString(16)}`
    const walk = nodes[kind](kernel, head, problems, where)
    for (const address of entries(walk, place.offset)) yield makeValue(context, found, address)
  })
}

/** What an xarray points at; an idr too, by the ids that it gave. */
export function walkXarray(
  vm: Session,
  problems: Problems,
  start: WalkStart,
  type: string | CType,
): Walk<IndexedEntry> {
  const { kernel, valueContext: context } = vm
  const found = typeof type === 'string' ? vm.type(type) : type
  const head = startOf(vm, start)
  const walk = isIdr(start) ? idrEntries : xarrayEntries
  return new Walk(function* () {
    const where = `xarray of ${named(type)} at 0x${head.toString(16)}`
    for (const { index, pointer } of walk(kernel, head, problems, where))
      yield { index, value: makeValue(context, found, pointer) }
  })
}

/** What a maple tree points at, by ranges. */
export function walkMaple(
  vm: Session,
  problems: Problems,
  start: WalkStart,
  type: string | CType,
): Walk<RangeEntry> {
  const { kernel, valueContext: context } = vm
  const found = typeof type === 'string' ? vm.type(type) : type
  const head = startOf(vm, start)
  return new Walk(function* () {
    const where = `maple tree of ${named(type)} at 0x${head.toString(16)}`
    for (const { first, last, pointer } of mapleEntries(kernel, head, problems, where))
      yield { first, last, value: makeValue(context, found, pointer) }
  })
}

function named(type: string | CType): string {
  return typeof type === 'string' ? type : type.name
}

/** A pointer leads to the head; any other value is the head. */
function startOf(vm: Session, start: WalkStart): bigint {
  if (isObject(start) && start.$kind === 'pointer') {
    if (typeof start.$value === 'bigint') return start.$value
  }
  return placeOf(vm, start as string | bigint | Value | Reference).address
}

function isIdr(start: WalkStart): boolean {
  if (typeof start === 'string') return globalTypes[start] === 'struct idr'
  return isObject(start) && /^struct idr\b/.test(String(start.$type))
}

function isObject(start: WalkStart): start is Extract<WalkStart, { $kind: string }> & {
  $value?: unknown
  $type?: unknown
} {
  return typeof start === 'object' && start !== null && '$kind' in start
}
