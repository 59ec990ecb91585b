import { type Column, terminalCells } from '../../present/columns/column.js'
import { type Heading, layOut, widthsFor } from '../../present/text/layout.js'
import type { Output } from './output.js'

/** Rows that are laid out together: a million rows must not be held to print the first. */
const rowsPerPart = 500

/** Prints rows as a table, part by part; the first part decides about the widths. Cells must be escaped. */
export async function printTable(
  output: Output,
  headings: readonly Heading[],
  rows: Iterable<readonly string[]>,
): Promise<void> {
  let widths: number[] | undefined
  let part: (readonly string[])[] = []
  const flush = async () => {
    const isFirst = widths === undefined
    widths ??= widthsFor(headings, part, output.columns)
    const lines = layOut(headings, part, widths, isFirst)
    if (isFirst && lines[0] !== undefined) lines[0] = output.bold(lines[0])
    part = []
    if (lines.length > 0) await output.write(`${lines.join('\n')}\n`)
  }
  for (const row of rows) {
    part.push(row)
    if (part.length === rowsPerPart) await flush()
  }
  if (part.length > 0 || widths === undefined) await flush()
}

/** Prints a catalogue with its columns. */
export async function printRows<Row>(
  output: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Promise<void> {
  await printTable(
    output,
    columns,
    rows.map((row) => terminalCells(columns, row)),
  )
}
