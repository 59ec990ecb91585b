import type { Menu } from '../../model/overlay.js'
import { LineOfPieces } from '../text/pieces.js'
import type { OverlayLines } from './Overlay.js'

const widestLabel = 40

export function menuLines({ title, items, cursor }: Menu, columns: number, rows: number): OverlayLines {
  const top = Math.max(0, Math.min(cursor - rows + 1, items.length - rows))
  const widest = Math.min(widestLabel, Math.max(...items.map(({ label }) => label.length)))
  const hasKeys = items.some(({ key }) => key !== undefined)
  const lines = items.slice(top, top + rows).map(({ label, about = '', key = ' ' }, i) => {
    const isSelected = top + i === cursor
    const line = new LineOfPieces(columns).add(isSelected ? '› ' : '  ', isSelected ? 'selected' : 'plain')
    if (hasKeys) line.add(`${key}  `, isSelected ? 'selected' : 'accent')
    line.add(label.padEnd(widest), isSelected ? 'selected' : 'plain')
    line.add(`   ${about}`, isSelected ? 'selected' : 'dim')
    if (isSelected) line.add(' '.repeat(Math.max(0, columns - line.width)), 'selected')
    return line.pieces
  })
  const position = items.length > rows ? ` ${cursor + 1}/${items.length} ` : ''
  return { title, position, lines }
}
