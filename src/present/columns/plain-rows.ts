import { inspect } from 'node:util'
import { quoteText } from '../../text.js'
import type { Value } from '../../value/types.js'
import type { Column } from './column.js'
import { cellText } from './map-entries.js'

/** An object of the user's own: what a cell or a script made. */
export type PlainRow = Readonly<Record<string, unknown>>

/** Columns for any objects: every member that some row has, in the order in which they appear. */
export function plainColumns(
  rows: readonly PlainRow[],
  names = memberNames(rows),
): readonly Column<PlainRow>[] {
  return names.map((name) => plainColumn(rows, name))
}

/** A member of such rows; right-aligned where each row that has it has a number. */
export function plainColumn(rows: readonly PlainRow[], name: string): Column<PlainRow> {
  const values = rows.map((row) => row[name]).filter((value) => value !== undefined && value !== null)
  const isNumeric = values.length > 0 && values.every(isNumber)
  const cell = (row: PlainRow) => plainCell(row[name])
  if (!isNumeric) return { key: name, title: name, cell }
  const sort = (row: PlainRow) => row[name] as number | bigint | undefined
  return { key: name, title: name, align: 'right', rigid: true, cell, sort }
}

/** Members of all rows: what only the last one has is a column as well. */
export function memberNames(rows: readonly PlainRow[]): readonly string[] {
  const names = new Set<string>()
  for (const row of rows) for (const name of Object.keys(row)) names.add(name)
  return [...names]
}

/** Whether a list is one of plain objects: no nouns of a session, no C values. */
export function arePlainRows(rows: readonly unknown[]): rows is readonly PlainRow[] {
  if (rows.length === 0 || '$kind' in rows) return false
  return rows.every((row) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row) || '$kind' in row) return false
    const prototype: unknown = Object.getPrototypeOf(row)
    return (prototype === Object.prototype || prototype === null) && Object.keys(row).length > 0
  })
}

/** A value on one line; "-" where there is none. Whoever shows it makes it safe. */
export function plainCell(value: unknown): string {
  if (value === undefined || value === null) return '-'
  if (typeof value === 'string') return value
  if (typeof value === 'object' && '$kind' in value) return cellText(value as Value)
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return value.map(quoteText).join(', ')
  if (typeof value === 'bigint' || typeof value !== 'object') return cellText(value as Value)
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 2 })
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}
