import { CryoscopeError, expectant } from './errors.js'
import { escapeText } from './text.js'

/** Something that is there and could not be read. */
export interface Problem {
  /** What was being read: "tasks", "map 12", "xa_node at 0xffff…". */
  readonly where: string
  /** One clause that says why not. */
  readonly why: string
}

/** So that a ruined structure does not fill memory with sentences. */
const keptAtMost = 100
/** Of so many it is known that they were here before: more than anything but noise has. */
const knownAtMost = 10_000

/**
 * The sink for what could not be read. Everything that walks takes one, and has no other way to say that it fell short;
 * whoever makes one must do something with it. Repeated problems count once.
 */
export class Problems {
  readonly #parent: Problems | undefined
  readonly #kept: Problem[] = []
  readonly #known = new Set<string>()
  #added = 0
  /** There were some of which it is not known whether they were here before. */
  #areMore = false

  constructor(parent?: Problems) {
    this.#parent = parent
  }

  /** How often something was added, also what was here before. */
  get added(): number {
    return this.#added
  }

  add(where: string, why: string): void {
    this.#added++
    this.#parent?.add(where, why)
    const key = `${where}\0${why}`
    if (this.#known.has(key)) return
    if (this.#known.size === knownAtMost) {
      this.#areMore = true
      return
    }
    this.#known.add(key)
    if (this.#kept.length === keptAtMost) return
    // Names in it are the guest's.
    this.#kept.push({ where: escapeText(where), why: escapeText(why) })
  }

  addAll(problems: Iterable<Problem>): void {
    for (const { where, why } of problems) this.add(where, why)
  }

  /** What `read` gives; undefined and a problem where it cannot be read. Errors that are ours to fix are thrown on. */
  attempt<T>(where: string, read: () => T): T | undefined {
    try {
      return expectant(read)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      this.add(where, error.message)
      return undefined
    }
  }

  /** A sink of one part of the work: what it takes in is also here. It tells whether that part is whole. */
  part(): Problems {
    return new Problems(this)
  }

  /** Nothing fell short so far. */
  get none(): boolean {
    return this.#known.size === 0
  }

  /** The problems in the order they came; the last one counts those beyond what is kept. */
  get list(): readonly Problem[] {
    const more = this.#known.size - this.#kept.length
    if (more === 0) return this.#kept
    const count = this.#areMore ? `at least ${more}` : more
    return [...this.#kept, { where: 'more', why: `${count} more problem${more === 1 ? '' : 's'}` }]
  }

  /** As sentences: "tasks: the list is broken". */
  get sentences(): readonly string[] {
    return this.list.map(problemText)
  }
}

export function problemText({ where, why }: Problem): string {
  return `${where}: ${why}`
}

/**
 * A figure made of many reads. Its value is only reachable by asking whether it is whole, so that a partial sum cannot be
 * shown as the sum.
 */
export type Figure<T = number> =
  | { readonly whole: true; readonly value: T }
  /** `atLeast` is a lower bound that was read; undefined where nothing is known. */
  | { readonly whole: false; readonly atLeast: T | undefined; readonly why: string }

export function whole<T>(value: T): Figure<T> {
  return { whole: true, value }
}

export function unknown<T>(why: string): Figure<T> {
  return { whole: false, atLeast: undefined, why }
}

/** The figure that a walk came to: whole when its sink took nothing in, else a lower bound. */
export function counted<T>(value: T, problems: Problems): Figure<T> {
  const [first] = problems.list
  return first === undefined ? whole(value) : { whole: false, atLeast: value, why: problemText(first) }
}

/** "12", "at least 12", "unknown". */
export function figureText<T extends number | bigint | string>(figure: Figure<T>): string {
  if (figure.whole) return String(figure.value)
  return figure.atLeast === undefined ? 'unknown' : `at least ${figure.atLeast}`
}

export type FigureJson<T = number> = T | { readonly atLeast: T; readonly why: string } | null

/** The same of a figure that was JSON. */
export function figureJsonText(figure: FigureJson<number | string>): string {
  if (figure === null) return 'unknown'
  return typeof figure === 'object' ? `at least ${figure.atLeast}` : String(figure)
}

/** The contract's JSON of a figure: the value, `{ atLeast, why }`, or null where nothing is known. */
export function figureJson<T>(figure: Figure<T>): FigureJson<T> {
  if (figure.whole) return figure.value
  return figure.atLeast === undefined ? null : { atLeast: figure.atLeast, why: figure.why }
}
