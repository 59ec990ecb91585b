import { type Column, terminalCells } from '../../../present/columns/column.js'
import { ArrayRows, type Content, type Row, type RowSource } from '../model/row.js'

/** Columns that tell rows of a catalogue apart, by their keys. */
const identifying = new Set(['pid', 'id', 'name', 'vcpu', 'cpu'])

type More = Omit<Row, 'cells' | 'sort'>

/** A catalogue with the columns that the command line and notebooks show too. */
export function tableContent<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  more: (item: T) => More,
  empty: string,
): Content {
  return {
    columns: columns.map(({ key, title, align, rigid }) => ({
      title,
      align,
      rigid,
      identifies: identifying.has(key),
    })),
    rows: new ArrayRows(tableRows(columns, items, more)),
    empty,
  }
}

export function tableRows<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  more: (item: T) => More,
): Row[] {
  return items.map((item) => tableRow(columns, item, more))
}

export function tableRow<T>(columns: readonly Column<T>[], item: T, more: (item: T) => More): Row {
  return {
    ...more(item),
    parts: columns.map(({ title }) => ` ${title.toLowerCase()}`),
    cells: terminalCells(columns, item),
    sort: columns.map(({ sort, cell }) => (sort ?? cell)(item)),
  }
}

/** Rows that are finished when they are asked for. */
export class MadeRows implements RowSource {
  readonly complete = true
  readonly #drafts: RowSource
  readonly #make: (draft: Row) => Row
  readonly #made = new Map<number, Row>()

  constructor(drafts: RowSource, make: (draft: Row) => Row) {
    this.#drafts = drafts
    this.#make = make
  }

  get length(): number {
    return this.#drafts.length
  }

  at(index: number): Row | undefined {
    const known = this.#made.get(index)
    if (known !== undefined) return known
    const draft = this.#drafts.at(index)
    if (draft === undefined) return undefined
    const row = this.#make(draft)
    this.#made.set(index, row)
    return row
  }
}
