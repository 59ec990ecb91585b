import { setImmediate as turn } from 'node:timers/promises'
import { checkInterrupt } from '../cell-scope.js'

/** A page of rows, and whether there are more behind it. */
export interface RowPage<Row> {
  readonly number: number
  readonly rows: readonly Row[]
  readonly more: boolean
}

/** Rows behind the current page that are kept, so that going back does not walk again. */
const keptRows = 2000
/** Rows between two looks at whether somebody wants to interrupt. */
const rowsPerTurn = 20_000

/**
 * Pages through a source of any length without holding it: a map of a million entries is walked as far as somebody
 * looks. Going far back starts over.
 */
export class Pager<Row> {
  readonly size: number
  readonly #source: () => Iterator<Row>
  #accepts: (row: Row) => boolean = () => true
  #iterator: Iterator<Row> | undefined
  /** Rows kept, and the number of the first of them. */
  #kept: Row[] = []
  #first = 0
  #ended = false

  constructor(source: () => Iterator<Row>, size: number) {
    this.#source = source
    this.size = size
  }

  /** Shows only rows that pass. */
  filter(accepts: (row: Row) => boolean): void {
    this.#accepts = accepts
    this.reset()
  }

  /** Forgets what was read: the source has changed. */
  reset(): void {
    this.#iterator = undefined
    this.#kept = []
    this.#first = 0
    this.#ended = false
  }

  /** The page with a number, or the last one where there are fewer. */
  async page(wanted: number): Promise<RowPage<Row>> {
    const start = Math.max(0, wanted) * this.size
    if (start < this.#first) this.reset()
    // One more row says whether there is another page.
    await this.#readTo(start + this.size + 1)
    const end = this.#first + this.#kept.length
    const first = start < end ? start : Math.max(0, Math.ceil(end / this.size) - 1) * this.size
    const from = first - this.#first
    const rows = this.#kept.slice(from, from + this.size)
    return { number: first / this.size, rows, more: first + rows.length < end }
  }

  /** The last page: everything is walked. */
  async last(): Promise<RowPage<Row>> {
    return await this.page(Number.MAX_SAFE_INTEGER / this.size - 1)
  }

  /** Rows that were walked so far, and whether that is all. */
  get walked(): { readonly rows: number; readonly all: boolean } {
    return { rows: this.#first + this.#kept.length, all: this.#ended }
  }

  async #readTo(end: number): Promise<void> {
    this.#iterator ??= this.#source()
    let sinceTurn = 0
    while (!this.#ended && this.#first + this.#kept.length < end) {
      if (sinceTurn++ >= rowsPerTurn) {
        sinceTurn = 0
        await turn()
        checkInterrupt()
      }
      const { done, value } = this.#iterator.next()
      if (done === true) this.#ended = true
      else if (this.#accepts(value)) this.#kept.push(value)
      if (this.#kept.length > 2 * keptRows) this.#drop()
    }
  }

  /** Whole pages from the front. */
  #drop(): void {
    const pages = Math.floor((this.#kept.length - keptRows) / this.size)
    this.#kept.splice(0, pages * this.size)
    this.#first += pages * this.size
  }
}
