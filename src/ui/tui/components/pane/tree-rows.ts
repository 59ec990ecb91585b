import { textWidth } from '../../../../present/text/fit.js'
import type { ListModel } from '../../model/list.js'
import { scrolledText } from '../../model/scrolled-text.js'
import { treeLabel } from '../../model/tree.js'
import { fitted, LineOfPieces, type Pieces } from '../text/pieces.js'
import { emptyLines, type ListFrame, margin, type SeenRow, type ShownRows, seenRows, toneOf } from './rows.js'

const gap = '  '

/** A tree of values as lines of text: names with their branches, values with what they were, types. */
export function treeRows(list: ListModel, frame: ListFrame): ShownRows {
  const seen = seenRows(list, frame)
  const widths = list.placedTree(frame.columns)
  const { columns, untitled } = list.content
  const titles = new LineOfPieces(frame.columns).add('  ')
  for (const [i, width] of widths.entries())
    if (width > 0) titles.add(`${i === 0 ? '' : gap}${fitted(columns[i]?.title ?? '', width)}`, 'dim')
  return {
    titles: untitled ? undefined : titles.pieces,
    rows: seen.map((row) => rowPieces(row, list, widths, frame)),
    empty: seen.length === 0 ? emptyLines(list, frame) : [],
  }
}

function rowPieces(seen: SeenRow, list: ListModel, widths: readonly number[], frame: ListFrame): Pieces {
  const { row, base, before } = seen
  const { columns } = list.content
  const [, value = '', type = ''] = row.cells
  const [nameWidth = 0, valueWidth = 0, typeWidth = 0] = widths
  const line = new LineOfPieces(frame.columns)
  for (const { text, tone } of margin(seen)) line.add(text, tone)
  line.add(fitted(treeLabel(row), nameWidth), toneOf(seen, columns[0], 0)).add(gap, base ?? 'plain')
  const hasType = type !== '' && typeWidth > 0
  const room = hasType ? valueWidth : frame.columns - line.width
  const was = before?.[1]
  const now = row.compared?.[1] ?? value
  const text = was !== undefined && was !== now ? withBefore(value, now, was, room) : value
  const shown = scrolledText(text, list.shift, room)
  line.add(hasType ? fitted(shown, room) : shown, toneOf(seen, columns[1], 1))
  if (hasType) line.add(gap, base ?? 'plain').add(type, toneOf(seen, columns[2], 2))
  if (base !== undefined) line.add(' '.repeat(Math.max(0, frame.columns - line.width)), base)
  return line.pieces
}

/** "13  (was 12)", where there is room for it; what follows the value itself comes behind that. */
function withBefore(text: string, now: string, before: string, width: number): string {
  const was = `${now}  (was ${before})`
  if (textWidth(was) > width) return text
  return text.startsWith(now) ? was + text.slice(now.length) : `${text}  (was ${before})`
}
