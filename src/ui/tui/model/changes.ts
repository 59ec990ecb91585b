import type { Row } from './row.js'

/** How a row, or a cell of it, compares with the stop before. */
export type Change = 'same' | 'changed' | 'new'

const separator = '\u0001'
/** Rows remembered for each stop. */
const mostRows = 500_000

/** What was read at this stop and at the one before it, by the ids of rows, so that differences can be marked. */
export class Ledger {
  #before = new Map<string, string>()
  #now = new Map<string, string>()
  /** Groups that were read completely at the stop before: what is not among their rows is new. */
  #groupsBefore = new Set<string>()
  #groupsNow = new Set<string>()
  readonly #changed = new Set<string>()
  #stops = 0

  /** Stops so far. */
  get stops(): number {
    return this.#stops
  }

  /** Rows read at this stop that differ from the stop before. */
  get changedCount(): number {
    return this.#changed.size
  }

  /** Another stop: what was read until now is what is compared with. */
  next(): void {
    this.#before = this.#now
    this.#groupsBefore = this.#groupsNow
    this.#now = new Map()
    this.#groupsNow = new Set()
    this.#changed.clear()
    this.#stops++
  }

  /** Notes a row as it is now, and says how it compares. */
  note(row: Row): Change {
    if (row.inert) return 'same'
    const text = row.cells.join(separator)
    if (this.#now.size < mostRows) this.#now.set(row.id, text)
    const change = this.#compare(row.id, text)
    if (change !== 'same') this.#changed.add(row.id)
    return change
  }

  /** All rows of a group that is read completely, such as all programs; rows have ids `group/…`. */
  noteAll(group: string, rows: Iterable<Row>): void {
    this.#groupsNow.add(group)
    for (const row of rows) this.note(row)
  }

  /** Whether rows below this id differ. */
  changedBelow(prefix: string): number {
    let count = 0
    for (const id of this.#changed) if (id.startsWith(prefix)) count++
    return count
  }

  /** The cells of a row at the stop before; undefined when it was not read then. */
  cellsBefore(id: string): readonly string[] | undefined {
    return this.#before.get(id)?.split(separator)
  }

  /** Ids of rows that differ, with their cells before and now. */
  *differences(): Generator<{
    readonly id: string
    readonly before: readonly string[] | undefined
    readonly now: readonly string[]
  }> {
    for (const id of this.#changed) {
      const now = this.#now.get(id)
      if (now !== undefined) yield { id, before: this.cellsBefore(id), now: now.split(separator) }
    }
  }

  #compare(id: string, text: string): Change {
    const before = this.#before.get(id)
    if (before !== undefined) return before === text ? 'same' : 'changed'
    const slash = id.lastIndexOf('/')
    return slash > 0 && this.#groupsBefore.has(id.slice(0, slash)) ? 'new' : 'same'
  }
}
