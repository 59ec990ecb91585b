import { type Html, html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
import type { Heading } from '../../../present/text/layout.js'
import { errorOfThrown } from '../tslab/cell-error.js'
import { Text } from '../widgets/models.js'
import { type Go, LiveView } from './live-view.js'
import { Pager, type RowPage } from './pager.js'

/** Rows of anything, their columns, and what a click on one opens. */
export interface BrowsedRows<Row> {
  readonly title: () => string
  readonly headings: readonly Heading[]
  readonly rows: () => Iterator<Row>
  /** What stands between the title and the table. */
  readonly above?: () => Html
  /** How many there are, where that is known without a walk. */
  readonly total?: () => number
  readonly cells: (row: Row) => readonly string[]
  /** Orders rows by a column; left out where only cells can be compared. */
  readonly compare?: ((column: number, descending: boolean) => (a: Row, b: Row) => number) | undefined
  /** What a click on a row does besides; gives a sentence. */
  readonly visit?: ((row: Row) => Promise<string>) | undefined
  /** What a row opens to, drawn below the table. */
  readonly open?: ((row: Row, go: Go) => Html) | undefined
}

const pageSize = 25
/** Sorting reads everything: more rows than this are not sorted. */
const mostSorted = 200_000

/** A table that pages, sorts and filters in the kernel: only the page travels to the browser. */
export class TableBrowser<Row> {
  readonly view: LiveView
  readonly #browsed: BrowsedRows<Row>
  readonly #pager: Pager<Row>
  readonly #filter = new Text({
    description: 'filter',
    placeholder: 'text in any column',
    continuous_update: false,
  })
  #page: RowPage<Row> = { number: 0, rows: [], more: false }
  #wanted = 0
  #sorted: { readonly column: number; readonly descending: boolean } | undefined
  #opened: Row | undefined
  #said = ''

  constructor(browsed: BrowsedRows<Row>) {
    this.#browsed = browsed
    this.#pager = new Pager(() => this.#source(), pageSize)
    this.view = new LiveView({ draw: (go) => this.#draw(go), act: (action) => this.#act(action) }, [
      this.#filter,
    ])
    this.#filter.observe('value', (text) => this.#search(text))
  }

  /** Reads again what may have changed. */
  async refresh(): Promise<void> {
    this.#pager.reset()
    await this.view.refresh()
  }

  *#source(): Generator<Row> {
    const rows = this.#browsed.rows()
    if (this.#sorted === undefined) {
      for (let next = rows.next(); next.done !== true; next = rows.next()) yield next.value
      return
    }
    const all: Row[] = []
    for (let next = rows.next(); next.done !== true; next = rows.next()) {
      if (all.length === mostSorted) {
        this.#said = `sorted are the first ${mostSorted} rows`
        break
      }
      all.push(next.value)
    }
    const { column, descending } = this.#sorted
    yield* all.sort(this.#comparing(column, descending))
  }

  #comparing(column: number, descending: boolean): (a: Row, b: Row) => number {
    const { compare, cells } = this.#browsed
    if (compare !== undefined) return compare(column, descending)
    const sign = descending ? -1 : 1
    const text = new Map<Row, string>()
    const cell = (row: Row) => {
      const known = text.get(row) ?? cells(row)[column] ?? ''
      text.set(row, known)
      return known
    }
    const order = new Intl.Collator('en', { numeric: true })
    return (a, b) => sign * order.compare(cell(a), cell(b))
  }

  async #search(text: string): Promise<void> {
    const wanted = text.trim().toLowerCase()
    this.#pager.filter(
      (row) => wanted === '' || this.#browsed.cells(row).join('\n').toLowerCase().includes(wanted),
    )
    this.#wanted = 0
    this.#opened = undefined
    await this.view.refresh()
  }

  async #act(action: string): Promise<void> {
    const [verb, argument = ''] = action.split(' ')
    this.#said = ''
    if (verb === 'page') this.#wanted = Number(argument)
    if (verb === 'last') this.#wanted = Number.POSITIVE_INFINITY
    if (verb === 'row') {
      this.#opened = this.#page.rows[Number(argument)]
      if (this.#opened !== undefined) await this.#visit(this.#opened)
    }
    if (verb === 'sort') {
      const column = Number(argument)
      const descending = this.#sorted?.column === column && !this.#sorted.descending
      this.#sorted = { column, descending }
      this.#wanted = 0
      this.#pager.reset()
    }
  }

  async #visit(row: Row): Promise<void> {
    try {
      this.#said = (await this.#browsed.visit?.(row)) ?? ''
    } catch (error) {
      this.#said = errorOfThrown(error).evalue
    }
  }

  async #draw(go: Go): Promise<Html> {
    const wanted = this.#wanted
    this.#page =
      wanted === Number.POSITIVE_INFINITY ? await this.#pager.last() : await this.#pager.page(wanted)
    const { number, rows, more } = this.#page
    this.#wanted = number
    const { open, headings, cells, title, above } = this.#browsed
    const shown = tableHtml(headings, rows.map(cells), {
      sortAction: (column) => go(`sort ${column}`),
      sorted: this.#sorted,
      ...(open === undefined
        ? {}
        : { rowAction: (row: number) => html` style="cursor:pointer"${go(`row ${row}`)}` }),
    })
    const opened =
      open === undefined || this.#opened === undefined
        ? undefined
        : html`<div style="margin-top:8px">${open(this.#opened, go)}</div>`
    return html`<div class="h">${title()}</div>${above?.()}${shown}${this.#pageLine(go, number, rows.length, more)}${opened}`
  }

  #pageLine(go: Go, number: number, count: number, more: boolean): Html {
    const { rows, all } = this.#pager.walked
    const from = number * pageSize + 1
    const link = (text: string, action: string, isLink: boolean) =>
      isLink ? html`<span class="go"${go(action)}>${text}</span> ` : html`<span class="d">${text}</span> `
    const known = this.#filter.value === '' ? this.#browsed.total?.() : undefined
    const total = all ? ` of ${rows}` : known === undefined ? ' of more' : ` of ${known}`
    const range = count === 0 ? 'no rows' : `${from}–${from + count - 1}${total}`
    return html`<div style="margin-top:4px">${link('« first', 'page 0', number > 0)}${link('‹ back', `page ${number - 1}`, number > 0)}<b>${range}</b> ${link('next ›', `page ${number + 1}`, more)}${link('last »', 'last', more)} <span class="d">${this.#said}</span></div>`
  }
}
