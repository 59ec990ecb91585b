import { type Item, ignored, keys, volatile } from './rules.js'

/** One difference between two reports. */
export interface Change {
  /** "tasks[187].details.nice", "maps.pid_stats[42].runtime_ns". */
  readonly path: string
  readonly section: string
  readonly change: 'added' | 'removed' | 'changed'
  /** C type of the value that the path starts in: of a map's values, of an allocator's elements. */
  readonly type?: string
  readonly before?: unknown
  readonly after?: unknown
  /** A clock, or a counter that moves whenever the guest runs. */
  readonly volatile: boolean
}

/** Where a comparison is, and what it is told. */
export interface Place {
  /** For people. */
  readonly path: string
  /** The same with [] for every key, which rules go by. */
  readonly rule: string
  readonly section: string
  readonly type?: string
}

/** Values of reports are no deeper; guests make the names, not the depth. */
const depthLimit = 200

/** Compares JSON values member by member. */
export class Comparison {
  readonly changes: Change[] = []
  /** Whether both are of one boot: pointers mean the same then. */
  readonly #sameBoot: boolean

  constructor(sameBoot: boolean) {
    this.#sameBoot = sameBoot
  }

  values(place: Place, before: unknown, after: unknown, depth = 0): void {
    if (before === after || ignored.test(place.rule)) return
    if (depth > depthLimit) return
    if (isPointer(before) && isPointer(after)) this.#pointers(place, before, after)
    else if (Array.isArray(before) && Array.isArray(after)) this.#lists(place, before, after, depth)
    else if (isObject(before) && isObject(after)) this.#objects(place, before, after, depth)
    else this.add(place, 'changed', before, after)
  }

  /** Items of lists by their keys. */
  keyed(
    place: Place,
    before: readonly unknown[],
    after: readonly unknown[],
    keyOf: (item: Item) => unknown,
    depth = 0,
  ): void {
    const old = byKey(before, keyOf)
    for (const [key, item] of byKey(after, keyOf)) {
      const inner = within(place, key)
      if (!old.has(key)) this.add(inner, 'added', undefined, item)
      else this.values(inner, old.get(key), item, depth + 1)
      old.delete(key)
    }
    for (const [key, item] of old) this.add(within(place, key), 'removed', item, undefined)
  }

  add(place: Place, change: Change['change'], before: unknown, after: unknown, isVolatile = false): void {
    if (ignored.test(place.rule)) return
    this.changes.push({
      path: place.path,
      section: place.section,
      change,
      ...(place.type === undefined ? {} : { type: place.type }),
      ...(change === 'added' ? {} : { before }),
      ...(change === 'removed' ? {} : { after }),
      volatile: isVolatile || volatile.test(place.rule),
    })
  }

  #lists(place: Place, before: readonly unknown[], after: readonly unknown[], depth: number): void {
    const keyOf = Object.hasOwn(keys, place.rule) ? keys[place.rule] : undefined
    if (keyOf !== undefined) {
      this.keyed(place, before, after, keyOf, depth)
      return
    }
    // Words are members of a set: flags, names.
    if ([...before, ...after].every((item) => typeof item === 'string')) {
      if (JSON.stringify(before) !== JSON.stringify(after)) this.add(place, 'changed', before, after)
      return
    }
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const inner = within(place, i)
      if (i >= after.length) this.add(inner, 'removed', before[i], undefined)
      else if (i >= before.length) this.add(inner, 'added', undefined, after[i])
      else this.values(inner, before[i], after[i], depth + 1)
    }
  }

  #objects(place: Place, before: Item, after: Item, depth: number): void {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const inner = member(place, name)
      if (!Object.hasOwn(after, name)) this.add(inner, 'removed', before[name], undefined)
      else if (!Object.hasOwn(before, name)) this.add(inner, 'added', undefined, after[name])
      else this.values(inner, before[name], after[name], depth + 1)
    }
  }

  /** Across boots the same object lies elsewhere: what a pointer leads to counts, where that has a name. */
  #pointers(place: Place, before: Pointer, after: Pointer): void {
    if (before.pointer === after.pointer && before.type === after.type) return
    if (this.#sameBoot || before.type !== after.type) {
      this.add(place, 'changed', before, after)
      return
    }
    const bothNull = isNull(before) === isNull(after)
    if (before.to !== undefined && before.to === after.to) return
    this.add(place, 'changed', before, after, bothNull && before.to === undefined && after.to === undefined)
  }
}

interface Pointer {
  readonly pointer: string
  readonly type: string
  readonly to?: unknown
}

function isPointer(value: unknown): value is Pointer {
  return isObject(value) && typeof value.pointer === 'string' && typeof value.type === 'string'
}

function isNull({ pointer }: Pointer): boolean {
  return pointer === '0x0'
}

function isObject(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Items by key, in their order; the second with a key is `key#2`. */
export function byKey(items: readonly unknown[], keyOf: (item: Item) => unknown): Map<string, unknown> {
  const found = new Map<string, unknown>()
  const counts = new Map<string, number>()
  for (const [i, item] of items.entries()) {
    const key = isObject(item) ? String(keyOf(item)) : String(i)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    found.set(count === 1 ? key : `${key}#${count}`, item)
  }
  return found
}

export function member(place: Place, name: string): Place {
  const plain = /^[A-Za-z_]\w*$/.test(name)
  const step = plain ? (place.path === '' ? name : `.${name}`) : `[${JSON.stringify(name)}]`
  return {
    ...place,
    path: `${place.path}${step}`,
    rule: place.rule === '' ? name : `${place.rule}.${name}`,
    section: place.section === '' ? name : place.section,
  }
}

export function within(place: Place, key: string | number): Place {
  return { ...place, path: `${place.path}[${key}]`, rule: `${place.rule}[]` }
}
