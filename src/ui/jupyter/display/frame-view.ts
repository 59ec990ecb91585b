import type { Frame } from '../../../frame/frame.js'
import { plainCell } from '../../../present/columns/plain-rows.js'
import { html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
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
    Array.from({ length: Math.min(most, frame.length) }, (_, row) =>
      frame.names.map((name) => plainCell(frame.cell(row, name))),
    )
  const caption = (most: number) =>
    frame.length > most
      ? `the first ${most} of ${frame.length} rows; browse(frame) pages through all`
      : `${frame.length} rows`
  const said = (): string[] => [
    ...frame.problems.map(({ where, why }) => `not all could be read: ${where}: ${why}`),
    ...(frame.unreadable > 0 ? [`${frame.unreadable} cells are empty because they could not be read`] : []),
  ]
  return new View(
    () => [...twinLines(headings, rows(textRows)), caption(textRows), ...said()].join('\n'),
    () =>
      html`${tableHtml(headings, rows(mostRows), { caption: caption(mostRows), interactive: true })}${said().map((line) => html`<div class="warn">${line}</div>`)}`,
  )
}
