import { columnGap, type PlacedColumns } from '../../model/column-widths.js'
import type { ListModel } from '../../model/list.js'
import { scrolledText } from '../../model/scrolled-text.js'
import { fitted, LineOfPieces, type Pieces } from '../text/pieces.js'
import {
  emptyLines,
  type ListFrame,
  margin,
  marginWidth,
  type SeenRow,
  type ShownRows,
  seenRows,
  toneOf,
} from './rows.js'

const gap = ' '.repeat(columnGap)

/** A table as lines of text: column titles, and the rows that are seen. */
export function listRows(list: ListModel, frame: ListFrame): ShownRows {
  const seen = seenRows(list, frame)
  const placed = list.placed(frame.columns - marginWidth)
  return {
    titles: list.content.untitled ? undefined : titles(list, placed, frame),
    rows: seen.map((row) => rowPieces(row, list, placed, frame)),
    empty: seen.length === 0 ? emptyLines(list, frame) : [],
  }
}

function titles(list: ListModel, placed: PlacedColumns, { columns }: ListFrame): Pieces {
  const more = placed.after > 0 ? ` ${placed.after}›` : ''
  const line = new LineOfPieces(columns - more.length).add(placed.before > 0 ? '‹ ' : '  ', 'dim')
  for (const [i, { index, width }] of placed.columns.entries()) {
    const column = list.content.columns[index]
    const sorted = list.sorting?.column === index ? (list.sorting.descending ? '▼' : '▲') : ''
    line.add(`${i === 0 ? '' : gap}${fitted(`${column?.title ?? ''}${sorted}`, width, column?.align)}`, 'dim')
  }
  if (more === '') return line.pieces
  const blanks = ' '.repeat(Math.max(0, columns - more.length - line.width))
  return [...line.pieces, { text: blanks + more, tone: 'dim' }]
}

function rowPieces(seen: SeenRow, list: ListModel, placed: PlacedColumns, { columns }: ListFrame): Pieces {
  const { row, base } = seen
  const line = new LineOfPieces(columns)
  for (const { text, tone } of margin(seen)) line.add(text, tone)
  const shift = list.scrolls === 'text' ? list.shift : 0
  for (const [i, { index, width }] of placed.columns.entries()) {
    const column = list.content.columns[index]
    // A text with nothing behind it has the room of the columns that are empty.
    const isLast = placed.columns.slice(i + 1).every((other) => (row.cells[other.index] ?? '') === '')
    const cell = row.cells[index] ?? ''
    const room = isLast ? columns - line.width - (i > 0 ? gap.length : 0) : width
    const text = index === list.content.columns.length - 1 ? scrolledText(cell, shift, room) : cell
    if (i > 0) line.add(gap, base ?? 'plain')
    const isOpenEnd = isLast && column?.align !== 'right'
    line.add(isOpenEnd ? text : fitted(text, width, column?.align), toneOf(seen, column, index))
    if (isLast) break
  }
  if (base !== undefined) line.add(' '.repeat(Math.max(0, columns - line.width)), base)
  return line.pieces
}
