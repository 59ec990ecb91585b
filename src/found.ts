import { type Figure, type Problems, problemText, whole } from './problems.js'

/** What is known of a question. It is text, so that neither `!answer` nor a missing answer can claim the contrary. */
export type Answer = 'yes' | 'no' | 'unknown'

/**
 * What a walk came across, and whether that is all there is. What was seen may be spoken of as it is; how many there are,
 * that there is none, or that all are alike, is only to be had as a figure or an answer, which know what was missed.
 */
export class Found<T> {
  /** What was come across. That something is not in here says nothing. */
  readonly seen: readonly T[]
  /** Why something may be missing; undefined where this is all. */
  readonly missing: string | undefined

  private constructor(seen: readonly T[], missing: string | undefined) {
    this.seen = seen
    this.missing = missing
  }

  /** All there is. */
  static all<T>(seen: readonly T[]): Found<T> {
    return new Found(seen, undefined)
  }

  /** Some of what there is, perhaps nothing. */
  static some<T>(seen: readonly T[], missing: string): Found<T> {
    return new Found(seen, missing)
  }

  /** What a walk yields: all there is if it reported no problem. */
  static by<T>(problems: Problems, walk: (part: Problems) => Iterable<T>): Found<T> {
    const part = problems.part()
    const seen = [...walk(part)]
    const [first] = part.list
    return new Found(seen, first === undefined ? undefined : problemText(first))
  }

  get isWhole(): boolean {
    return this.missing === undefined
  }

  get count(): Figure {
    const { length } = this.seen
    if (this.missing === undefined) return whole(length)
    return { whole: false, atLeast: length === 0 ? undefined : length, why: this.missing }
  }

  /** The first one that is so. What a test cannot tell may be the one that is looked for. */
  seek(test: (item: T) => boolean | undefined): T | 'none' | 'unknown' {
    let isSure = this.isWhole
    for (const item of this.seen) {
      const is = test(item)
      if (is) return item
      if (is === undefined) isSure = false
    }
    return isSure ? 'none' : 'unknown'
  }

  /** Whether one is so. */
  some(test: (item: T) => boolean | undefined): Answer {
    let isSure = this.isWhole
    for (const item of this.seen) {
      const is = test(item)
      if (is) return 'yes'
      if (is === undefined) isSure = false
    }
    return isSure ? 'no' : 'unknown'
  }

  /** Whether all are so. */
  every(test: (item: T) => boolean | undefined): Answer {
    const other = this.some((item) => {
      const is = test(item)
      return is === undefined ? undefined : !is
    })
    return other === 'yes' ? 'no' : other === 'no' ? 'yes' : 'unknown'
  }

  /** Those that are so; what a test cannot tell is missing then. */
  filter(test: (item: T) => boolean | undefined): Found<T> {
    let { missing } = this
    const seen = this.seen.filter((item) => {
      const is = test(item)
      if (is === undefined) missing ??= 'of some it is not known'
      return is
    })
    return new Found(seen, missing)
  }

  map<U>(make: (item: T) => U): Found<U> {
    return new Found(this.seen.map(make), this.missing)
  }

  flatMap<U>(make: (item: T) => Found<U>): Found<U> {
    const parts = this.seen.map(make)
    const missing = this.missing ?? parts.find((part) => !part.isWhole)?.missing
    return new Found(
      parts.flatMap(({ seen }) => seen),
      missing,
    )
  }

  /** The same in another order. */
  sorted(compare: (a: T, b: T) => number): Found<T> {
    return new Found(this.seen.toSorted(compare), this.missing)
  }

  /** As JSON: what was seen; what is missing is in the problems of the document. */
  toJSON(): readonly T[] {
    return this.seen
  }
}

/** Values in which lists know whether they are whole, as plain ones: lists of what was found. */
export type Stated<T> =
  T extends Found<infer Item>
    ? readonly Stated<Item>[]
    : T extends readonly (infer Item)[]
      ? readonly Stated<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Stated<T[Key]> }
        : T

/** What scripts and tables are given: what was found, without word of what was missed, which the problems beside it have. */
export function stated<T>(value: T): Stated<T> {
  return plain(value) as Stated<T>
}

function plain(value: unknown): unknown {
  if (value instanceof Found) return value.seen.map(plain)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}
