import { textWidth } from '../../../present/text/fit.js'
import { Arranging } from './arranging.js'
import { columnGap, type PlacedColumns, placeColumns } from './column-widths.js'
import { type Filter, parseFilter } from './filter.js'
import type { Content, Row } from './row.js'
import { treeLabel } from './tree.js'

/** A pass over a list that cannot be done in one go: filtering or sorting many rows, going to the end. */
export interface Pass {
  readonly what: string
  readonly done: number
  readonly total: number | undefined
  /** Works for about so long; true when it is finished. */
  advance(milliseconds: number): boolean
  /** Ends it where it is; what was found so far may stay. */
  end?(): void
}

export interface Sorting {
  readonly column: number
  readonly descending: boolean
}

/** Rows that are put in order at once, also where each has to be read. */
const shortList = 500
/** Rows that are looked at for the widths of columns, beside those that are seen. */
const rowsMeasured = 64
/** The room of columns is shared so in trees. */
const leastWidthWithTypes = 50

/** A list on the screen: where the cursor is, what part is seen, which rows pass the filter, and in which order. */
export class ListModel {
  content: Content
  /** Number of the row under the cursor, among those that pass. */
  cursor = 0
  top = 0
  /** Scrolled to the right by so many columns of a table, or characters of a text. */
  shift = 0
  filter = ''
  sorting: Sorting | undefined
  /** Titles of columns that the person does not want to see. */
  hidden: ReadonlySet<string> = new Set()
  /** Widths seen so far: columns grow, but do not shrink while scrolling. */
  readonly widths: number[] = []
  #measured = { top: -1, length: -1 }
  #height = 1
  /** Why the filter is not understood. */
  filterProblem: string | undefined
  #order: readonly number[] | undefined
  /** What it was before the pass that goes on, for when that is ended. */
  #orderBefore:
    | { readonly order: readonly number[] | undefined; readonly sorting: Sorting | undefined }
    | undefined
  /** A pass was ended: there may be more rows than are shown. */
  #isPartial = false
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

  /** Whether there are no rows but those that are counted. */
  get isCounted(): boolean {
    return this.content.rows.complete && this.#pass === undefined && !this.#isPartial
  }

  get isTree(): boolean {
    return this.content.rows.isTree === true
  }

  /** What the keys left and right scroll: columns of a table, or text that is longer than the line. */
  get scrolls(): 'columns' | 'text' {
    return !this.isTree && this.content.columns.length > 2 ? 'columns' : 'text'
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
    this.#height = rows
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
    this.#isPartial = false
    this.#measured.length = -1
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
    if (text === this.filter && !this.#isPartial) return
    this.filter = text
    this.#arrange()
    this.cursor = 0
    this.top = 0
    this.show(height)
  }

  setSorting(sorting: Sorting | undefined, height: number): void {
    const before = { order: this.#order, sorting: this.sorting }
    this.sorting = sorting
    this.#arrange(before)
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

  /**
   * Ends the pass where it is: of a filter, the rows that were found stay, and are counted with a +; an order that is not
   * whole is none, so that of before comes back. Gives a sentence about it.
   */
  cancel(): string | undefined {
    const pass = this.#pass
    if (pass === undefined) return undefined
    this.#pass = undefined
    const looked = `after ${pass.done.toLocaleString('en')} rows`
    if (pass.what === 'filtering') {
      pass.end?.()
      this.#isPartial = true
      this.moveTo(this.cursor, 1)
      return `filter ended ${looked}: there may be more`
    }
    if (pass.what === 'sorting') {
      this.#order = this.#orderBefore?.order
      this.sorting = this.#orderBefore?.sorting
      return `sorting ended ${looked}: the order is that of before`
    }
    return `${pass.what} ended ${looked}`
  }

  /** Where the columns of a table go on a screen of that width. */
  placed(columns: number): PlacedColumns {
    const { untitled } = this.content
    this.#measure()
    const shown = [...this.content.columns.entries()].filter(([, { title }]) => !this.hidden.has(title))
    const sized = shown.map(([i, { title, rigid = false, identifies = false }]) => {
      // A column that rows are sorted by has a mark behind its title.
      const heading = untitled ? 0 : textWidth(title) + (this.sorting?.column === i ? 1 : 0)
      return { natural: Math.max(heading, this.widths[i] ?? 0), rigid, identifies }
    })
    const placed = placeColumns(sized, columns, this.scrolls === 'columns' ? this.shift : 0)
    const own = placed.columns.map(({ index, width }) => ({ index: shown[index]?.[0] ?? index, width }))
    return { ...placed, columns: own }
  }

  /** Widths of name, value and type of a tree on a screen of that width; 0 for a type that has no room. */
  placedTree(columns: number): readonly [number, number, number] {
    this.#measure()
    const titles = this.content.untitled ? [] : this.content.columns.map(({ title }) => textWidth(title))
    const natural = (i: number): number => Math.max(titles[i] ?? 0, this.widths[i] ?? 0)
    const room = columns - 2
    const name = Math.min(natural(0), Math.floor(room / 2))
    const type = columns < leastWidthWithTypes ? 0 : Math.min(natural(2), Math.floor(room / 4))
    const rest = room - name - columnGap - (type === 0 ? 0 : type + columnGap)
    return [name, Math.max(1, Math.min(natural(1), rest)), type]
  }

  /** Whether a line that is seen has more on its right than is shown in that width. */
  isCutAt(columns: number): boolean {
    const { isTree, shift } = this
    const room = isTree ? this.placedTree(columns + 2)[1] : columns
    const widest = (position: number): number => {
      const row = this.row(position)
      return row === undefined ? 0 : textWidth((isTree ? row.cells[1] : row.cells.join('  ')) ?? '')
    }
    for (let position = this.top; position < this.top + this.#height; position++)
      if (widest(position) - shift > room) return true
    return false
  }

  /** Columns grow with what has been seen, and the first rows, so that they stand still while scrolling. */
  #measure(): void {
    const { top, length } = this
    const isFirst = this.#measured.length < 0 || this.widths.length === 0
    if (!isFirst && this.#measured.top === top && this.#measured.length === length) return
    this.#measured = { top, length }
    const measure = (position: number) => {
      const row = position < this.length ? this.row(position) : undefined
      if (row === undefined) return
      for (const i of this.content.columns.keys()) {
        const text = i === 0 && this.isTree ? treeLabel(row) : (row.cells[i] ?? '')
        this.widths[i] = Math.max(this.widths[i] ?? 0, textWidth(text))
      }
    }
    if (isFirst) {
      for (let position = 0; position < rowsMeasured; position++) measure(position)
      // Where numbers grow, the last are the widest.
      for (let position = Math.max(rowsMeasured, length - rowsMeasured); position < length; position++)
        measure(position)
    }
    for (let position = top; position < top + this.#height; position++) measure(position)
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
    // What is done in a blink needs no progress; a short list that is read twice a second must keep its order.
    const { rows } = this.content
    this.advance(rows.complete && rows.length <= shortList ? 60 : 8)
  }

  #arrange(
    before: { order: readonly number[] | undefined; sorting: Sorting | undefined } | undefined = undefined,
  ): void {
    this.#pass = undefined
    this.#isPartial = false
    this.filterProblem = undefined
    if ((this.filter === '' && this.sorting === undefined) || this.content.isMessage) {
      this.#order = undefined
      return
    }
    let filter: Filter | undefined
    if (this.filter !== '') {
      const parsed = parseFilter(this.filter, this.content.columns)
      if (typeof parsed === 'string') {
        this.filterProblem = parsed
        this.#order = []
        return
      }
      filter = parsed
    }
    this.#orderBefore = before ?? { order: undefined, sorting: undefined }
    if (filter !== undefined) this.#order = []
    this.#start(
      new Arranging(this.content, filter, this.sorting, (order) => {
        this.#order = order
      }),
    )
  }
}
