import { anyText } from '../../../contract/any.js'
import type { Column, Row } from './row.js'

export type ExportForm = 'json' | 'csv' | 'txt'

/** Rows as a file for others. */
export function exportText(form: ExportForm, columns: readonly Column[], rows: readonly Row[]): string {
  switch (form) {
    case 'json':
      return `${anyText(
        rows.map((row) => rowJson(columns, row)),
        2,
      )}\n`
    case 'csv':
      return [columns.map(({ title }) => title), ...rows.map(({ cells }) => cells)]
        .map((cells) => `${columns.map((_, i) => csvCell(cells[i] ?? '')).join(',')}\r\n`)
        .join('')
    case 'txt': {
      const lines = [columns.map(({ title }) => title), ...rows.map(indented)]
      const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
      return lines
        .map(
          (cells) =>
            `${cells
              .map((cell, i) => cell.padEnd(widths[i] ?? 0))
              .join('  ')
              .trimEnd()}\n`,
        )
        .join('')
    }
  }
}

function indented({ cells, depth = 0 }: Row): readonly string[] {
  return cells.map((cell, i) => (i === 0 ? '  '.repeat(depth) + cell : cell))
}

/** The columns by their titles, and the value behind the row where it has one. */
function rowJson(columns: readonly Column[], { cells, value }: Row): Record<string, unknown> {
  const shown = Object.fromEntries(
    columns.map(({ title }, i) => [title === '' ? 'text' : title.toLowerCase(), cells[i] ?? '']),
  )
  const own = value?.()
  return own === undefined ? shown : { ...shown, value: own }
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets a quote in front. */
function csvCell(text: string): string {
  const safe = /^[=+@]|^-(?!\d)/.test(text) && text !== '-' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
