import type { Tone } from '../style/theme.js'
import type { Target } from './target.js'

/** One line of a list, a table or a tree. Its texts are escaped and on one line. */
export interface Row {
  /** The same thing has the same id after the guest has run, in whatever list it is shown. */
  readonly id: string
  readonly cells: readonly string[]
  /** What each column sorts by, where its text does not do. */
  readonly sort?: readonly (string | number | bigint | undefined)[]
  readonly tone?: Tone | undefined
  readonly tones?: readonly (Tone | undefined)[] | undefined
  /** Trees: how deep it hangs; whether it is open, undefined when it has nothing below. */
  readonly depth?: number
  readonly expanded?: boolean | undefined
  /** Where Enter leads. */
  readonly target?: Target | undefined
  /** What it is part of: where the list of changes leads from a row that leads nowhere itself. */
  readonly owner?: Target | undefined
  /** What Enter does, where it leads nowhere. */
  readonly act?: () => void
  /** Memory that it shows, for watchpoints. */
  readonly place?: Place | undefined
  /** How it is written to, where it can be; gives what was there and what is there now. */
  readonly write?: ((value: unknown) => Written) | undefined
  /** What `_` is on the command line, and what is copied and exported. */
  readonly value?: () => unknown
  /** What a copy takes, when it is not the cells. */
  readonly copy?: string
  /** What a person calls it, where its id does not end in that: "task demo_load (228)". */
  readonly name?: string
  /** What follows the name for each cell: ".runtime_ns", " cpu". */
  readonly parts?: readonly string[]
  /** What stops are compared by, where it is not the cells. */
  readonly compared?: readonly string[]
  /** Says nothing about the guest: headings, advice. It is never marked as changed. */
  readonly inert?: boolean
}

/** What a write did, as text. */
export interface Written {
  readonly name: string
  readonly before: string
  readonly after: string
}

export interface Place {
  readonly address: bigint
  readonly size: number
  readonly name: string
  /** Instructions lie there: it is executed, not written. */
  readonly isCode?: boolean
}

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right' | undefined
  /** Gives way last when the terminal is narrow: numbers, addresses. */
  readonly rigid?: boolean | undefined
  readonly tone?: Tone | undefined
  /** Tells rows apart: a name, a key. It keeps its room on narrow screens. */
  readonly identifies?: boolean | undefined
}

/** Rows by number; what is not asked for is not read. */
export interface RowSource {
  /** Rows known so far. */
  readonly length: number
  /** False while there may be more: `reach` finds out. */
  readonly complete: boolean
  /** Rows hang below each other. */
  readonly isTree?: boolean
  at(index: number): Row | undefined
  /** Makes rows up to this number known, if there are so many. */
  reach?(index: number): void
  /** As much work as fits in some milliseconds towards knowing all; true when done. */
  advance?(milliseconds: number): boolean
  /** How many there can be at most, where that is known. */
  readonly bound?: number | undefined
  /** Opens or closes what hangs below a row; false when nothing does. */
  toggle?(index: number, open?: boolean): boolean
  /** The row that this one hangs below. */
  parent?(index: number): number | undefined
}

/** What a pane shows. */
export interface Content {
  readonly columns: readonly Column[]
  readonly rows: RowSource
  /** Said when there are no rows: what this is, and how to get some. */
  readonly empty: string
  /** Number of the row that is looked for: the cursor is there at first. */
  readonly startAt?: number | undefined
  /** No line with column titles. */
  readonly untitled?: boolean
  /** No list but a text in its place: it is neither filtered nor ordered. */
  readonly isMessage?: boolean
  /** Sentences about what could not be read. */
  readonly problems?: readonly string[]
  /** A word on the state of the list: "1,204 entries in 13 ms". */
  readonly note?: string | undefined
}

export class ArrayRows implements RowSource {
  readonly complete = true
  readonly #rows: readonly Row[]

  constructor(rows: readonly Row[]) {
    this.#rows = rows
  }

  get length(): number {
    return this.#rows.length
  }

  at(index: number): Row | undefined {
    return this.#rows[index]
  }
}
