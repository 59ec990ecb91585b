import { fitWidths, textWidth } from '../../../present/text/fit.js'
import type { Change, Ledger } from '../model/changes.js'
import type { ListModel } from '../model/list.js'
import type { Column, Row } from '../model/row.js'
import { wrap } from '../model/wrap.js'
import { paint, type Theme, type Tone } from '../style/theme.js'
import { fitted, StyledLine } from './styled.js'

const gap = '  '
/** Cursor, change. */
const marginWidth = 2
const marks: Readonly<Record<Change, string>> = { same: ' ', changed: '~', new: '+' }

export interface ListFrame {
  readonly columns: number
  readonly rows: number
  readonly focused: boolean
  readonly theme: Theme
  readonly ledger: Ledger
  /** Changes are not marked while the guest runs. */
  readonly compare: boolean
}

/** A list as lines: titles, then rows; exactly `rows` of them after the titles. */
export function listLines(list: ListModel, frame: ListFrame): string[] {
  const { content } = list
  const shown: Row[] = []
  for (let position = list.top; position < list.top + frame.rows; position++) {
    const row = list.row(position)
    if (row === undefined) break
    shown.push(row)
  }
  const isTree = shown.some(({ depth }) => depth !== undefined)
  const texts = shown.map((row) => cellsOf(row, list.shift, isTree))
  const widths = widthsOf(list, texts, frame.columns - marginWidth)
  const lines: string[] = []
  if (!content.untitled) lines.push(titleLine(list, widths, frame))
  if (shown.length === 0) lines.push(...emptyLines(list, frame))
  for (const [i, row] of shown.entries()) {
    const isSelected = list.top + i === list.cursor
    lines.push(rowLine(row, texts[i] as readonly string[], list, widths, isSelected, frame))
  }
  const total = frame.rows + (content.untitled ? 0 : 1)
  while (lines.length < total) lines.push('')
  return lines.slice(0, total)
}

function emptyLines(list: ListModel, { theme, columns }: ListFrame): string[] {
  if (list.pass !== undefined) return []
  const sentence =
    list.filter === '' ? list.content.empty : `Nothing passes the filter "${list.filter}". Esc takes it away.`
  return ['', ...wrap(sentence, columns - 6).map((line) => `  ${paint(theme, 'dim', line)}`)]
}

/** The cells as they are shown: with indentation and branch marks in trees, without what is scrolled out. */
function cellsOf(row: Row, shift: number, isTree: boolean): readonly string[] {
  if (!isTree)
    return shift === 0
      ? row.cells
      : row.cells.map((cell, i) => (i === row.cells.length - 1 ? cell.slice(shift) : cell))
  const branch = row.expanded === undefined ? '  ' : row.expanded ? '▾ ' : '▸ '
  const [first = '', second = '', ...rest] = row.cells
  return ['  '.repeat(row.depth ?? 0) + branch + first, second.slice(shift), ...rest]
}

/** Columns grow with what has been seen, so that they stand still while scrolling. */
function widthsOf(list: ListModel, texts: readonly (readonly string[])[], width: number): number[] {
  const { columns, untitled } = list.content
  const natural = list.widths
  for (const [i, { title }] of columns.entries()) {
    // A column that rows are sorted by has a mark behind its title.
    const mark = list.sorting?.column === i ? 1 : 0
    let widest = Math.max(natural[i] ?? 0, untitled ? 0 : textWidth(title) + mark)
    for (const cells of texts) widest = Math.max(widest, textWidth(cells[i] ?? ''))
    natural[i] = widest
  }
  natural.length = columns.length
  const isTree = columns[0]?.title === 'FIELD'
  const fits = columns.map(({ rigid = false }, i) => ({
    // A value is worth more room than its type.
    natural: isTree && i === 2 ? Math.min(natural[i] ?? 0, Math.floor(width / 4)) : (natural[i] ?? 0),
    // What the row is called is worth more than what follows.
    rigid: rigid || (i === 0 && (natural[i] ?? 0) < width / (isTree ? 2 : 3)),
  }))
  return fitWidths(fits, width - gap.length * (columns.length - 1))
}

function titleLine(list: ListModel, widths: readonly number[], { theme, columns }: ListFrame): string {
  const line = new StyledLine(theme).add('  ')
  for (const [i, column] of list.content.columns.entries()) {
    const sorted = list.sorting?.column === i ? (list.sorting.descending ? '▼' : '▲') : ''
    const title = fitted(`${column.title}${sorted}`, widths[i] ?? 0, column.align)
    line.add(`${i === 0 ? '' : gap}${title}`, 'dim', columns)
  }
  return line.toString()
}

function rowLine(
  row: Row,
  cells: readonly string[],
  list: ListModel,
  widths: readonly number[],
  isSelected: boolean,
  frame: ListFrame,
): string {
  const { theme, columns, ledger, focused } = frame
  const change = frame.compare ? ledger.note(row) : 'same'
  const before = change === 'changed' ? ledger.cellsBefore(row.id) : undefined
  const base: Tone | undefined = isSelected ? (focused ? 'selected' : 'unfocused') : undefined
  const line = new StyledLine(theme)
  line.add(isSelected ? '›' : ' ', base ?? 'plain').add(marks[change], base ?? 'changed')
  for (const [i, column] of list.content.columns.entries()) {
    const tone = base ?? toneOf(row, column, i, change, before)
    // A text with nothing behind it has the room of the columns that are empty.
    const isLast = cells.slice(i + 1).every((cell) => cell === '')
    let text = cells[i] ?? ''
    if (i === 1 && before !== undefined && row.depth !== undefined && before[1] !== row.cells[1]) {
      text = withBefore(text, before[1] ?? '', isLast ? columns - line.width - gap.length : (widths[i] ?? 0))
    }
    const padded = isLast && column.align !== 'right' ? text : fitted(text, widths[i] ?? 0, column.align)
    if (i > 0) line.add(gap, base ?? 'plain', columns)
    line.add(padded, tone, isLast ? columns : Math.min(columns, line.width + (widths[i] ?? 0)))
    if (isLast) break
  }
  return (base === undefined ? line : line.pad(columns, base)).toString()
}

/** "13  (was 12)", where there is room for it. */
function withBefore(text: string, before: string, width: number): string {
  const both = `${text}  (was ${before})`
  return textWidth(both) <= width ? both : text
}

function toneOf(
  row: Row,
  column: Column,
  i: number,
  change: Change,
  before: readonly string[] | undefined,
): Tone {
  if (change === 'new' || (before !== undefined && before[i] !== row.cells[i])) return 'changed'
  return row.tones?.[i] ?? row.tone ?? column.tone ?? 'plain'
}
