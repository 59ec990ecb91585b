import type { Filter } from './filter.js'
import type { FuzzyMatch } from './fuzzy.js'
import type { Pass, Sorting } from './list.js'
import type { Content, Row } from './row.js'

const rowsPerCheck = 64

type SortKey = string | number | bigint | undefined

/**
 * Finds the rows that pass a filter, then puts them in order. Meanwhile those are shown that have its words; rows that
 * have only its letters are shown when none has the words, which is known at the end.
 */
export class Arranging implements Pass {
  readonly #content: Content
  readonly #filter: Filter | undefined
  readonly #sorting: Sorting | undefined
  readonly #show: (order: readonly number[]) => void
  readonly #found: Readonly<Record<FuzzyMatch, { places: number[]; keys: SortKey[] }>> = {
    words: { places: [], keys: [] },
    letters: { places: [], keys: [] },
  }
  #next = 0
  /** Rows whose name is the filter itself: they stand before the others. */
  #exact = 0

  constructor(
    content: Content,
    filter: Filter | undefined,
    sorting: Sorting | undefined,
    show: (order: readonly number[]) => void,
  ) {
    this.#content = content
    this.#filter = filter
    this.#sorting = sorting
    this.#show = show
  }

  get what(): 'sorting' | 'filtering' {
    return this.#filter === undefined ? 'sorting' : 'filtering'
  }

  get done(): number {
    return this.#next
  }

  get total(): number | undefined {
    const { rows } = this.#content
    return rows.complete ? rows.length : rows.bound
  }

  advance(milliseconds: number): boolean {
    const end = performance.now() + milliseconds
    const { rows } = this.#content
    for (;;) {
      for (let i = 0; i < rowsPerCheck; i++, this.#next++) {
        rows.reach?.(this.#next)
        if (this.#next >= rows.length && rows.complete) {
          const { words, letters } = this.#found
          this.#arrange(words.places.length > 0 ? words : letters)
          return true
        }
        const row = rows.at(this.#next)
        if (row !== undefined) this.#take(row)
      }
      if (performance.now() > end) {
        // An order of some rows is none.
        if (this.#sorting === undefined) this.#show(this.#found.words.places)
        return false
      }
    }
  }

  /** Ended before its end: what was found so far, in order. */
  end(): void {
    if (this.#filter !== undefined) this.#arrange(this.#found.words)
  }

  #take(row: Row): void {
    const match = this.#filter === undefined ? 'words' : this.#filter.match(row)
    if (match === undefined) return
    const { places, keys } = this.#found[match]
    if (this.#sorting === undefined) {
      if (this.#filter?.isExact(row)) places.splice(this.#exact++, 0, this.#next)
      else places.push(this.#next)
      return
    }
    places.push(this.#next)
    const { column } = this.#sorting
    keys.push(row.sort === undefined ? sortable(row.cells[column]) : row.sort[column])
  }

  #arrange({ places, keys }: { readonly places: number[]; readonly keys: readonly SortKey[] }): void {
    if (this.#sorting === undefined) {
      this.#show(places)
      return
    }
    const sign = this.#sorting.descending ? -1 : 1
    const numbers = places.map((_, number) => number)
    numbers.sort((a, b) => compare(keys[a], keys[b], sign) || a - b)
    this.#show(numbers.map((number) => places[number] as number))
  }
}

/** A number where the text is one, so that 9 comes before 10. */
function sortable(text: string | undefined): SortKey {
  if (text === undefined || text === '' || text === '-') return undefined
  if (/^0x[0-9a-f]+$/i.test(text)) return BigInt(text)
  const plain = text.replaceAll(',', '')
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : text
}

/** What is not known comes last, in whichever direction. */
function compare(a: SortKey, b: SortKey, sign: number): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  if (typeof a === 'string' || typeof b === 'string')
    return sign * String(a).localeCompare(String(b), 'en', { numeric: true })
  return a < b ? -sign : a > b ? sign : 0
}
