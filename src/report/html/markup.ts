import { Html, escapeHtml as html, html as template } from '../../present/html/markup.js'
import { type RowMarks, scrolledTable } from '../../present/html/table.js'
import type { Table } from '../../present/table.js'
import { escapeText } from '../../text.js'

/** A link to an object of the page. */
export function linkTo(object: string, text: string): string {
  return linkHtml(object, text).text
}

function linkHtml(object: string, text: string): Html {
  return template`<a href="#${encodeURIComponent(escapeText(object))}">${text}</a>`
}

const none = template`<span class="none">–</span>`

/** A table; `idOf` names rows that can be linked to, `cellOf` shows a cell in its own way. */
export function tableHtml(
  table: Table,
  idOf: (row: number) => string | undefined = () => undefined,
  cellOf: (row: number, column: number) => string | undefined = () => undefined,
): string {
  const marks: RowMarks = {
    row: (row) => {
      const id = idOf(row)
      return template` class="f"${id === undefined ? undefined : template` id="${id}"`}`
    },
    cell: (row, column) => {
      const own = cellOf(row, column)
      return own === undefined ? undefined : new Html(own)
    },
    link: linkHtml,
    none,
  }
  return scrolledTable(table, marks).text
}

/** Names with what they are. */
export function pairsHtml(pairs: readonly (readonly [string, string, string?])[]): string {
  const rows = pairs.map(
    ([name, text, how]) =>
      `<div class="f"><dt>${html(name)}</dt><dd>${html(text)}${how === undefined ? '' : `<span class="how">${html(how)}</span>`}</dd></div>`,
  )
  return `<dl>${rows.join('')}</dl>`
}
