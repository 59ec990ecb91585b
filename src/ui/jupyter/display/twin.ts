import { cutText } from '../../../present/text/fit.js'
import { type Heading, tableLines } from '../../../present/text/layout.js'
import { escapeText } from '../../../text.js'

/** What a cell of a table in plain text has room for: enough for names and pointers with their symbols. */
const widestCell = 72

/** A table as the plain twin of its picture. Notebooks scroll sideways: no column gives way to another. */
export function twinLines(headings: readonly Heading[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => cutText(escapeText(cell), widestCell)))
  return tableLines(headings, cells, Number.POSITIVE_INFINITY)
}

/** Lines of text that a notebook keeps of something long. */
const mostLines = 120

export function cutLines(all: readonly string[]): string {
  const shown = all.slice(0, mostLines)
  const left = all.length - shown.length
  return [...shown, ...(left > 0 ? [`… ${left} lines more`] : [])].join('\n')
}
