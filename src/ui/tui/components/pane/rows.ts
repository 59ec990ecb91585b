import type { Change, Ledger } from '../../model/changes.js'
import type { ListModel } from '../../model/list.js'
import type { Column, Row } from '../../model/row.js'
import type { Target } from '../../model/target.js'
import { wrap } from '../../model/wrap.js'
import type { Tone } from '../../style/theme.js'
import type { Pieces } from '../text/pieces.js'

/** Cursor, change. */
export const marginWidth = 2
const marks: Readonly<Record<Change, string>> = { same: ' ', changed: '~', new: '+' }

/** Where rows are shown, and what they are compared with. */
export interface ListFrame {
  readonly columns: number
  /** Lines for rows, without the one of column titles. */
  readonly rows: number
  readonly hasKeys: boolean
  readonly ledger: Ledger
  /** What rows are part of, for the list of changes. */
  readonly owner: Target | undefined
  /** Changes are not marked while the guest runs. */
  readonly compare: boolean
}

/** What a list shows of itself. */
export interface ShownRows {
  readonly titles: Pieces | undefined
  readonly rows: readonly Pieces[]
  /** Said in place of rows. */
  readonly empty: readonly string[]
}

/** A row that is seen, with its marks. */
export interface SeenRow {
  readonly row: Row
  readonly isSelected: boolean
  readonly change: Change
  /** Its cells at the stop before, where they differ. */
  readonly before: readonly string[] | undefined
  /** The tone of all of it under the cursor. */
  readonly base: Tone | undefined
}

export function seenRows(list: ListModel, frame: ListFrame): SeenRow[] {
  const seen: SeenRow[] = []
  for (let position = list.top; position < list.top + frame.rows; position++) {
    const row = list.row(position)
    if (row === undefined) break
    const change = frame.compare ? frame.ledger.note(row, frame.owner) : 'same'
    const isSelected = position === list.cursor
    seen.push({
      row,
      isSelected,
      change,
      before: change === 'changed' ? frame.ledger.cellsBefore(row.id) : undefined,
      base: isSelected ? (frame.hasKeys ? 'selected' : 'unfocused') : undefined,
    })
  }
  return seen
}

export function margin({ isSelected, change, base }: SeenRow): Pieces {
  return [
    { text: isSelected ? '›' : ' ', tone: base ?? 'plain' },
    { text: marks[change], tone: base ?? 'changed' },
  ]
}

export function toneOf(
  { row, change, before, base }: SeenRow,
  column: Column | undefined,
  cell: number,
): Tone {
  if (base !== undefined) return base
  // What stands for the cells, one for each, says which of them differ.
  const now = row.compared?.length === row.cells.length ? row.compared : row.cells
  if (change === 'new' || (before !== undefined && before[cell] !== now[cell])) return 'changed'
  return row.tones?.[cell] ?? row.tone ?? column?.tone ?? 'plain'
}

/** In place of rows: what this is and how to get some. */
export function emptyLines(list: ListModel, { columns }: ListFrame): readonly string[] {
  if (list.pass !== undefined) return []
  const sentence =
    list.filter === ''
      ? list.content.empty
      : (list.filterProblem ?? `Nothing passes the filter "${list.filter}". Esc takes it away.`)
  return wrap(sentence, columns - 6)
}
