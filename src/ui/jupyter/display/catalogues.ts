import type { Catalogue } from '../../../present/columns/catalogues.js'
import { tableHtml } from '../../../present/html/table.js'
import { tableLines } from '../../../present/text/layout.js'
import { escapeText } from '../../../text.js'
import { View } from './view.js'

const mostRows = 500
const textRows = 60
const textWidth = 120

/** A list as a table: the first rows, which the browser sorts and filters. */
export function catalogueView<Row>(rows: readonly Row[], { plural, columns }: Catalogue<Row>): View {
  const cells = (most: number) => rows.slice(0, most).map((row) => columns.map(({ cell }) => cell(row)))
  const caption = (most: number) =>
    rows.length > most
      ? `the first ${most} of ${rows.length} ${plural}; browse(…) pages through all`
      : `${rows.length} ${plural}`
  return new View(
    () => {
      const safe = cells(textRows).map((row) => row.map(escapeText))
      return [...tableLines(columns, safe, textWidth), caption(textRows)].join('\n')
    },
    () => tableHtml(columns, cells(mostRows), { caption: caption(mostRows), interactive: true }),
  )
}
