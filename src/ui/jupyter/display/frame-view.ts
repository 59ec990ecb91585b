import type { Frame } from '../../../frame/frame.js'
import { plainCell } from '../../../present/columns/plain-rows.js'
import { html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
import { roomyRows } from './catalogues.js'
import { twinLines } from './twin.js'
import { View } from './view.js'

const mostRows = 200
const textRows = 40

/** A frame: its first rows, with how many there are. */
export function frameView(frame: Frame): View {
  const headings = Object.entries(frame.kinds).map(([title, kind]) =>
    kind === 'text' || kind === 'boolean' ? { title } : ({ title, align: 'right', rigid: true } as const),
  )
  const rows = (most: number) =>
    roomyRows(frame.length, most, (row) => frame.names.map((name) => plainCell(frame.cell(row, name))))
  const caption = (shown: readonly unknown[]) =>
    frame.length > shown.length
      ? `the first ${shown.length} of ${frame.length} rows; browse(frame) pages through all`
      : `${frame.length} rows`
  const said = (): string[] => [
    ...frame.problems.map(({ where, why }) => `not all could be read: ${where}: ${why}`),
    ...(frame.unreadable > 0 ? [`${frame.unreadable} cells are empty because they could not be read`] : []),
  ]
  return new View(
    () => {
      const shown = rows(textRows)
      return [...twinLines(headings, shown), caption(shown), ...said()].join('\n')
    },
    () => {
      const shown = rows(mostRows)
      const table = tableHtml(headings, shown, { caption: caption(shown), interactive: true })
      return html`${table}${said().map((line) => html`<div class="warn">${line}</div>`)}`
    },
  )
}
