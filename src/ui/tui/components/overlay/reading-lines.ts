import { type Reading, readLines } from '../../model/overlay.js'
import { LineOfPieces } from '../text/pieces.js'
import type { OverlayLines } from './Overlay.js'

export function readingLines(reading: Reading, columns: number, rows: number): OverlayLines {
  const all = readLines(reading, columns - 4)
  const top = Math.max(0, Math.min(reading.top, all.length - rows))
  const shown = all.slice(top, top + rows)
  const position = all.length > rows ? ` ${top + 1}-${top + shown.length} of ${all.length} ` : ''
  const lines = shown.map((line) => {
    const isHead = reading.hasHeads === true && line !== '' && !line.startsWith(' ')
    return new LineOfPieces(columns).add('  ').add(line, isHead ? 'heading' : 'plain').pieces
  })
  const cursor = reading.isTyping === true ? '_' : ''
  const search = reading.query === undefined ? '' : `  /${reading.query}${cursor}`
  return { title: reading.title + search, position, lines }
}
