import { type FuzzyMatch, fuzzyMatch } from './fuzzy.js'
import type { Content, Row } from './row.js'

/** A pass over a list that cannot be done in one go: filtering or sorting many rows, going to the end. */
export interface Pass {
  readonly what: string
  readonly done: number
  readonly total: number | undefined
  /** Works for about so long; true when it is finished. */
  advance(milliseconds: number): boolean
}

export interface Sorting {
  readonly column: number
  readonly descending: boolean
}

const rowsPerCheck = 64

/** A list on the screen: where the cursor is, what part is seen, which rows pass the filter, and in which order. */
export class ListModel {
  content: Content
  /** Number of the row under the cursor, among those that pass. */
  cursor = 0
  top = 0
  /** Columns of text that are scrolled out on the left. */
  shift = 0
  filter = ''
  sorting: Sorting | undefined
  /** Widths seen so far: columns grow, but do not shrink while scrolling. */
  readonly widths: number[] = []
  #order: readonly number[] | undefined
  #pass: Pass | undefined

  constructor(content: Content) {
    this.content = content
  }

  get pass(): Pass | undefined {
    return this.#pass
  }

  /** Rows that can be walked over now. */
  get length(): number {
    return this.#order?.length ?? this.content.rows.length
  }

  get complete(): boolean {
    return this.content.rows.complete && this.#pass === undefined
  }

  get isOrdered(): boolean {
    return this.#order !== undefined
  }

  row(position: number): Row | undefined {
    const index = this.index(position)
    return index === undefined ? undefined : this.content.rows.at(index)
  }

  /** Number in the content of the row at this position. */
  index(position: number): number | undefined {
    if (position < 0) return undefined
    if (this.#order !== undefined) return this.#order[position]
    this.content.rows.reach?.(position)
    return position < this.content.rows.length ? position : undefined
  }

  get selected(): Row | undefined {
    return this.row(this.cursor)
  }

  moveTo(position: number, height: number): void {
    this.content.rows.reach?.(position)
    this.cursor = Math.max(0, Math.min(position, this.length - 1))
    this.show(height)
  }

  moveBy(distance: number, height: number): void {
    this.moveTo(this.cursor + distance, height)
  }

  /** Scrolls so that the cursor is seen. */
  show(height: number): void {
    const rows = Math.max(1, height)
    if (this.cursor < this.top) this.top = this.cursor
    else if (this.cursor >= this.top + rows) this.top = this.cursor - rows + 1
    this.top = Math.max(0, Math.min(this.top, Math.max(0, this.length - rows)))
  }

  /** Scrolls the view; the cursor stays in it. */
  scroll(distance: number, height: number): void {
    this.content.rows.reach?.(this.top + distance + height)
    this.top = Math.max(0, Math.min(this.top + distance, Math.max(0, this.length - height)))
    this.cursor = Math.max(this.top, Math.min(this.cursor, this.top + height - 1, this.length - 1))
  }

  /** Takes what was read anew; the cursor stays on the row with the same id. */
  replace(content: Content, height: number): void {
    const { selected } = this
    const index = this.index(this.cursor) ?? 0
    this.content = content
    this.#pass = undefined
    this.#order = undefined
    content.rows.reach?.(this.top + height)
    const order = this.filter !== '' || this.sorting !== undefined
    if (order) this.#arrange()
    if (selected === undefined) return
    // Rows seldom move far: looking near the old place finds them without reading others.
    const near = order ? this.cursor : index
    const position = this.#find(selected.id, near)
    if (position !== undefined) {
      this.top += position - this.cursor
      this.cursor = position
    }
    this.moveTo(this.cursor, height)
  }

  setFilter(text: string, height: number): void {
    if (text === this.filter) return
    this.filter = text
    this.#arrange()
    this.cursor = 0
    this.top = 0
    this.show(height)
  }

  setSorting(sorting: Sorting | undefined, height: number): void {
    this.sorting = sorting
    this.#arrange()
    this.cursor = 0
    this.top = 0
    this.show(height)
  }

  /** Goes to the last row, which a list that is read as it is walked has to look for. */
  toEnd(height: number): void {
    const { rows } = this.content
    if (this.#order !== undefined || rows.complete || rows.advance === undefined) {
      this.moveTo(this.length - 1, height)
      return
    }
    const list = this
    this.#start({
      what: 'reading to the end',
      get done() {
        return rows.length
      },
      total: rows.bound,
      advance(milliseconds) {
        const finished = rows.advance?.(milliseconds) ?? true
        list.moveTo(rows.length - 1, height)
        return finished
      },
    })
  }

  /** Works on the pass for so long; false when there is none any more. */
  advance(milliseconds: number): boolean {
    if (this.#pass === undefined) return false
    if (this.#pass.advance(milliseconds)) this.#pass = undefined
    // Rows that were found at first may have made room for better ones.
    this.cursor = Math.max(0, Math.min(this.cursor, this.length - 1))
    return this.#pass !== undefined
  }

  /** Ends the pass where it is. */
  cancel(): void {
    this.#pass = undefined
  }

  #find(id: string, near: number): number | undefined {
    for (let distance = 0; distance < 2000; distance++) {
      for (const position of distance === 0 ? [near] : [near - distance, near + distance]) {
        if (position < 0 || position >= this.length) continue
        if (this.row(position)?.id === id) return position
      }
      if (near - distance < 0 && near + distance >= this.length) break
    }
    return undefined
  }

  #start(pass: Pass): void {
    this.#pass = pass
    // What is done in a blink needs no progress.
    this.advance(8)
  }

  #arrange(): void {
    this.#pass = undefined
    if ((this.filter === '' && this.sorting === undefined) || this.content.isMessage) {
      this.#order = undefined
      return
    }
    this.#start(
      new Arranging(this.content, this.filter, this.sorting, (order) => {
        this.#order = order
      }),
    )
  }
}

/** Finds the rows that pass a filter, then puts them in order. What was found so far is shown meanwhile. */
class Arranging implements Pass {
  readonly #content: Content
  readonly #filter: string
  readonly #sorting: Sorting | undefined
  readonly #show: (order: readonly number[]) => void
  readonly #found: number[] = []
  readonly #keys: (string | number | bigint | undefined)[] = []
  #match: FuzzyMatch = 'letters'
  #next = 0

  constructor(
    content: Content,
    filter: string,
    sorting: Sorting | undefined,
    show: (order: readonly number[]) => void,
  ) {
    this.#content = content
    this.#filter = filter
    this.#sorting = sorting
    this.#show = show
    show(this.#found)
  }

  get what(): string {
    return this.#filter === '' ? 'sorting' : 'filtering'
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
        if (this.#next >= rows.length && rows.complete) return this.#finish()
        const row = rows.at(this.#next)
        if (row !== undefined) this.#take(row)
      }
      if (performance.now() > end) {
        if (this.#sorting === undefined) this.#show(this.#found)
        return false
      }
    }
  }

  #take(row: Row): void {
    if (this.#filter !== '' && !this.#passes(row)) return
    this.#found.push(this.#next)
    if (this.#sorting === undefined) return
    const { column } = this.#sorting
    this.#keys.push(row.sort === undefined ? sortable(row.cells[column]) : row.sort[column])
  }

  /** Rows that have only the letters of the filter count as long as none has its words. */
  #passes(row: Row): boolean {
    const match = fuzzyMatch(this.#filter, row.cells.join(' '))
    if (match === 'words' && this.#match === 'letters') {
      this.#match = match
      this.#found.length = 0
      this.#keys.length = 0
    }
    return match === this.#match
  }

  #finish(): boolean {
    if (this.#sorting !== undefined) {
      const sign = this.#sorting.descending ? -1 : 1
      const keys = this.#keys
      const places = this.#found.map((_, place) => place)
      places.sort((a, b) => compare(keys[a], keys[b], sign) || a - b)
      this.#show(places.map((place) => this.#found[place] as number))
    } else this.#show(this.#found)
    return true
  }
}

/** A number where the text is one, so that 9 comes before 10. */
function sortable(text: string | undefined): string | number | bigint | undefined {
  if (text === undefined || text === '' || text === '-') return undefined
  if (/^0x[0-9a-f]+$/i.test(text)) return BigInt(text)
  const plain = text.replaceAll(',', '')
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : text
}

/** What is not known comes last, in whichever direction. */
function compare(
  a: string | number | bigint | undefined,
  b: string | number | bigint | undefined,
  sign: number,
): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  if (typeof a === 'string' || typeof b === 'string')
    return sign * String(a).localeCompare(String(b), 'en', { numeric: true })
  return a < b ? -sign : a > b ? sign : 0
}
