import type { Catalogue } from '../../../present/columns/catalogues.js'
import { tableHtml } from '../../../present/html/table.js'
import { twinLines } from './twin.js'
import { View } from './view.js'

const mostRows = 500
const textRows = 60
/** What one table may put into a notebook; rows beyond are there to be browsed. */
const mostCharacters = 150_000

/** The first rows: at most so many, and as many as a notebook has room for. */
export function roomyRows<T>(count: number, most: number, row: (at: number) => readonly T[]): T[][] {
  const rows: T[][] = []
  let characters = 0
  for (let at = 0; at < Math.min(count, most); at++) {
    const cells = [...row(at)]
    for (const cell of cells) characters += String(cell).length + markupOfCell
    if (characters > mostCharacters && rows.length > 0) break
    rows.push(cells)
  }
  return rows
}
/** `<td class="r"></td>` */
const markupOfCell = 19

/** A list as a table: the first rows, which the browser sorts and filters. */
export function catalogueView<Row>(rows: readonly Row[], { plural, columns }: Catalogue<Row>): View {
  const cells = (most: number) =>
    roomyRows(rows.length, most, (at) => columns.map(({ cell }) => cell(rows[at] as Row)))
  const caption = (shown: readonly unknown[]) =>
    rows.length > shown.length
      ? `the first ${shown.length} of ${rows.length} ${plural}; browse(…) pages through all`
      : `${rows.length} ${plural}`
  return new View(
    () => {
      const shown = cells(textRows)
      return [...twinLines(columns, shown), caption(shown)].join('\n')
    },
    () => {
      const shown = cells(mostRows)
      return tableHtml(columns, shown, { caption: caption(shown), interactive: true })
    },
  )
}
