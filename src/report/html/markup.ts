import { escapeText } from '../../text.js'
import type { Cell, Table } from '../tables.js'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text from a guest as text of a page, and as the value of an attribute in quotes. */
export function html(text: string): string {
  return escapeText(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** The same for text that was made safe for a terminal already. */
export function htmlOfSafe(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** A link to an object of the page. */
export function linkTo(object: string, text: string): string {
  return `<a href="#${html(encodeURIComponent(object))}">${html(text)}</a>`
}

/** A table; `idOf` names rows that can be linked to, `cellOf` shows a cell in its own way. */
export function tableHtml(
  { titles, rows }: Table,
  idOf: (row: number) => string | undefined = () => undefined,
  cellOf: (row: number, column: number) => string | undefined = () => undefined,
): string {
  const isNumber = titles.map((title) => title.endsWith('#'))
  const numeric = (i: number): string => (isNumber[i] ? ' class="n"' : '')
  const head = titles.map((title, i) => `<th${numeric(i)}>${html(title.replace(/#$/, ''))}</th>`)
  const body = rows.map((row, r) => {
    const id = idOf(r)
    const cells = row.map((cell, i) => `<td${numeric(i)}>${cellOf(r, i) ?? cellHtml(cell)}</td>`)
    return `<tr class="f"${id === undefined ? '' : ` id="${html(id)}"`}>${cells.join('')}</tr>`
  })
  return `<div class="scroll"><table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
}

function cellHtml(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '<span class="none">–</span>'
  return typeof cell === 'object' ? linkTo(cell.object, cell.text) : html(String(cell))
}

/** Names with what they are. */
export function pairsHtml(pairs: readonly (readonly [string, string, string?])[]): string {
  const rows = pairs.map(
    ([name, text, how]) =>
      `<div class="f"><dt>${html(name)}</dt><dd>${html(text)}${how === undefined ? '' : `<span class="how">${html(how)}</span>`}</dd></div>`,
  )
  return `<dl>${rows.join('')}</dl>`
}
