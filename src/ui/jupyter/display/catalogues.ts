import type { Catalogue } from '../../../present/columns/catalogues.js'
import { tableHtml } from '../../../present/html/table.js'
import { twinLines } from './twin.js'
import { View } from './view.js'

const mostRows = 500
const textRows = 60

/** A list as a table: the first rows, which the browser sorts and filters. */
export function catalogueView<Row>(rows: readonly Row[], { plural, columns }: Catalogue<Row>): View {
  const cells = (most: number) => rows.slice(0, most).map((row) => columns.map(({ cell }) => cell(row)))
  const caption = (most: number) =>
    rows.length > most
      ? `the first ${most} of ${rows.length} ${plural}; browse(…) pages through all`
      : `${rows.length} ${plural}`
  return new View(
    () => [...twinLines(columns, cells(textRows)), caption(textRows)].join('\n'),
    () => tableHtml(columns, cells(mostRows), { caption: caption(mostRows), interactive: true }),
  )
}
