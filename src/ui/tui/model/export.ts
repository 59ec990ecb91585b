import { anyText } from '../../../contract/any.js'
import { extent } from '../../../extent.js'
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
      const widths = columns.map((_, i) => extent(lines.map((cells) => cells[i]?.length ?? 0))[1])
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
function rowJson(columns: readonly Column[], { cells, value, copy }: Row): Record<string, unknown> {
  const shown = Object.fromEntries(
    columns.map(({ title }, i) => [title === '' ? 'text' : title.toLowerCase(), cells[i] ?? '']),
  )
  const own = value?.()
  if (own === undefined) return shown
  // An address reads as one, as everywhere.
  return { ...shown, value: typeof own === 'bigint' && copy?.startsWith('0x') ? copy : own }
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets a quote in front. */
function csvCell(cell: string): string {
  const text = unquoted(cell)
  const safe = /^[=+@]|^-(?!\d)/.test(text) && text !== '-' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Text of C stands in quotes on the screen; a spreadsheet wants what is in them. */
function unquoted(cell: string): string {
  if (!/^"(?:[^"\\]|\\.)*"$/.test(cell)) return cell
  try {
    return String(JSON.parse(cell))
  } catch {
    // Escapes of ours that JSON does not have: as it is shown.
    return cell.slice(1, -1)
  }
}

/** "~/tasks.csv" is in the home directory, as in a shell. */
export function fileNamed(text: string, home: string): string {
  return text === '~' || text.startsWith('~/') ? home + text.slice(1) : text
}
