import type { Row } from './row.js'
import type { Target } from './target.js'

/** How a row, or a cell of it, compares with the stop before. */
export type Change = 'same' | 'changed' | 'new'

const separator = '\u0001'
/** Rows remembered for each stop. */
const mostRows = 500_000

/** One thing that differs from the stop before, by the name that a person gives it. */
export interface Difference {
  readonly id: string
  readonly name: string
  /** Undefined for what is new. */
  readonly before: string | undefined
  readonly now: string
  readonly target: Target | undefined
}

/** What was read at this stop and at the one before it, by the ids of rows, so that differences can be marked. */
export class Ledger {
  #before = new Map<string, string>()
  #now = new Map<string, string>()
  /** Groups that were read completely at the stop before: what is not among their rows is new. */
  #groupsBefore = new Set<string>()
  #groupsNow = new Set<string>()
  readonly #changed = new Map<string, Row>()
  #differences: readonly Difference[] | undefined
  #stops = 0

  /** Stops so far. */
  get stops(): number {
    return this.#stops
  }

  /** How much of what was read at this stop differs from the stop before. */
  get changedCount(): number {
    return this.differences.length
  }

  /** Another stop: what was read until now is what is compared with. */
  next(): void {
    this.#before = this.#now
    this.#groupsBefore = this.#groupsNow
    this.#now = new Map()
    this.#groupsNow = new Set()
    this.#changed.clear()
    this.#differences = undefined
    this.#stops++
  }

  /** Notes a row as it is now, and says how it compares. */
  note(row: Row, owner?: Target): Change {
    if (row.inert) return 'same'
    const text = (row.compared ?? row.cells).join(separator)
    if (this.#now.size < mostRows) this.#now.set(row.id, text)
    const change = this.#compare(row.id, text)
    if (change !== 'same') {
      if (!this.#changed.has(row.id)) this.#differences = undefined
      this.#changed.set(row.id, row.target === undefined && owner !== undefined ? { ...row, owner } : row)
    } else if (this.#changed.delete(row.id)) this.#differences = undefined
    return change
  }

  /** All rows of a group that is read completely, such as all programs; rows have ids `group/…`. */
  noteAll(group: string, rows: Iterable<Row>): void {
    this.#groupsNow.add(group)
    for (const row of rows) this.note(row)
  }

  /** The cells of a row at the stop before; undefined when it was not read then. */
  cellsBefore(id: string): readonly string[] | undefined {
    return this.#before.get(id)?.split(separator)
  }

  /** What differs, each field once: a table and a tree may both show it. */
  get differences(): readonly Difference[] {
    if (this.#differences === undefined) {
      const found = new Map<string, Difference>()
      for (const row of this.#changed.values())
        for (const difference of differencesOf(row, this.cellsBefore(row.id)))
          if (found.get(difference.name)?.target === undefined) found.set(difference.name, difference)
      this.#differences = [...found.values()]
    }
    return this.#differences
  }

  #compare(id: string, text: string): Change {
    const before = this.#before.get(id)
    if (before !== undefined) return before === text ? 'same' : 'changed'
    const slash = id.lastIndexOf('/')
    return slash > 0 && this.#groupsBefore.has(id.slice(0, slash)) ? 'new' : 'same'
  }
}

/** "map:5 pid_stats[228].runtime_ns" ends in what a person calls it. */
export function nameOfRow({ id, name }: Row): string {
  const blank = id.indexOf(' ')
  return name ?? (blank < 0 ? id : id.slice(blank + 1))
}

function differencesOf(row: Row, before: readonly string[] | undefined): Difference[] {
  const { id, target = row.owner } = row
  const name = nameOfRow(row)
  const now = row.compared ?? row.cells
  if (before === undefined) {
    const shown = now.filter((cell) => cell.trim() !== '')
    return [{ id, name, before: undefined, now: shown.join('  ').trim(), target }]
  }
  const differing = [...now.keys()].filter((i) => now[i] !== before[i])
  const pick = (cells: readonly string[], places: readonly number[]) =>
    places.map((i) => (cells[i] ?? '').trim()).join('  ')
  const { parts } = row
  if (parts === undefined)
    return [{ id, name, before: pick(before, differing), now: pick(now, differing), target }]
  return differing.map((i) => ({
    id,
    name: name + (parts[i] ?? ''),
    before: pick(before, [i]),
    now: pick(now, [i]),
    target,
  }))
}
