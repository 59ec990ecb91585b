import { escapeText } from '../text.js'
import type { Heading } from './text/layout.js'

/** A cell: text, or text that names an object which can be gone to. Null and undefined are what is not known or not there. */
export type Cell = string | number | null | undefined | { readonly text: string; readonly object: string }

/** A table, wherever it is shown: in a terminal, a page, a notebook. Text is as it is; whoever shows it escapes it. */
export interface Table {
  readonly headings: readonly Heading[]
  readonly rows: readonly (readonly Cell[])[]
}

/** Headings by title; those of numbers have a # behind it here. */
export function headings(...titles: readonly string[]): Heading[] {
  return titles.map((title) => (title.endsWith('#') ? numberHeading(title.slice(0, -1)) : { title }))
}

export function numberHeading(title: string): Heading {
  return { title, align: 'right', rigid: true }
}

/** A cell's text; empty where there is nothing. */
export function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  return typeof cell === 'object' ? cell.text : String(cell)
}

/** Rows for a terminal: escaped, with "-" where there is nothing. */
export function terminalRows({ rows }: Table): string[][] {
  return rows.map((row) => row.map((cell) => escapeText(cellText(cell)) || '-'))
}
