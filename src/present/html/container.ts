import type { Container } from '../../bpf/containers/container.js'
import { problemText } from '../../problems.js'
import { countText, entryColumns, originText, stateText } from '../columns/containers.js'
import { type Html, html } from './markup.js'
import { tableHtml } from './table.js'

const mostEntries = 200

/** A container: what it is and says of itself, what is odd about it, and its first entries. */
export function containerHtml(container: Container, most = mostEntries): Html {
  const { name, kind, entries, problems } = container
  const columns = entryColumns[kind]
  const rows = entries.slice(0, most).map((entry) => columns.map(({ cell }) => cell(entry)))
  const rest = entries.length - rows.length
  const more = rest > 0 ? html`<div class="leaf d">… ${rest} more entries</div>` : undefined
  const wrong = problems.map((problem) => html`<div class="leaf bad">${problemText(problem)}</div>`)
  const state = stateText(container)
  const said = state === '' ? undefined : html`<div class="leaf d">${state}</div>`
  const table = rows.length === 0 ? undefined : tableHtml(columns, rows)
  return html`<div class="h">${name} <span class="d">${originText(container)}: ${countText(container)}</span></div>${said}${wrong}${table}${more}`
}
