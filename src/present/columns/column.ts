import { type Figure, figureText } from '../../problems.js'
import { escapeText } from '../../text.js'
import type { Heading } from '../text/layout.js'

/** A column of a catalogue: what the command line, the terminal UI and notebooks show of each row. */
export interface Column<Row> extends Heading {
  /** Stays the same when titles change: for sorting by name and remembered choices. */
  readonly key: string
  /** Text as it is; whoever shows it escapes it for the place where it goes. */
  readonly cell: (row: Row) => string
  /** What rows are ordered by; the cell's text where it is left out. Undefined goes last. */
  readonly sort?: (row: Row) => number | bigint | string | undefined
}

/** A right-aligned column of numbers, which is cut last and sorted by the number; "-" where there is none. */
export function numberColumn<Row>(
  key: string,
  title: string,
  value: (row: Row) => number | bigint | undefined,
  cell: (row: Row) => string = (row) => String(value(row) ?? '-'),
): Column<Row> {
  return { key, title, align: 'right', rigid: true, cell, sort: value }
}

/** The same of figures that may not be whole: "at least 12", sorted by what is known. */
export function figureColumn<Row>(key: string, title: string, figure: (row: Row) => Figure): Column<Row> {
  const known = (row: Row): number | undefined => {
    const value = figure(row)
    return value.whole ? value.value : value.atLeast
  }
  return numberColumn(key, title, known, (row) => figureText(figure(row)))
}

/** Cells of a row, made safe for a terminal. */
export function terminalCells<Row>(columns: readonly Column<Row>[], row: Row): string[] {
  return columns.map(({ cell }) => escapeText(cell(row)))
}

/** Compares rows by a column: numbers as numbers, text as people sort it, rows without a value last. */
export function comparing<Row>(column: Column<Row>, descending = false): (a: Row, b: Row) => number {
  const orderOf = column.sort ?? column.cell
  const sign = descending ? -1 : 1
  return (a, b) => {
    const left = orderOf(a)
    const right = orderOf(b)
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined)
    if (typeof left === 'string' || typeof right === 'string') {
      return sign * collator.compare(String(left), String(right))
    }
    return left < right ? -sign : left > right ? sign : 0
  }
}

const collator = new Intl.Collator('en', { numeric: true })

/** The text, or "-" where there is none. */
export function orDash(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : text
}

/** "load (42)" */
export function taskText(task: { readonly name: string; readonly pid: number } | undefined): string {
  return task === undefined ? '-' : `${task.name} (${task.pid})`
}
