import type { ContainerEntryJson } from '../../contract/containers.js'
import { escapeMarkup, escapeHtml as html } from '../../present/html/markup.js'
import { numberHeading } from '../../present/table.js'
import { figureJsonText, problemText } from '../../problems.js'
import type { ReportContents, ReportElement, ReportEntry, ReportHead } from '../document.js'
import type { ReportAllocator } from '../parts/arenas.js'
import { containerEntryLines, containerText } from '../text/container-text.js'
import { shownValue } from '../text/entry-text.js'
import { flatTable } from '../text/map-table.js'
import { entryLines, mapTitle } from '../text/map-text.js'
import { objectHead, valueLines } from '../text/value-text.js'
import { tableHtml } from './markup.js'

/** Characters in a line of a value. */
const columns = 110

/** Every map with its first entries: a table where they are alike, else as C would write them. */
export function* mapParts(contents: ReportContents, limit: number): Generator<string> {
  for (const [i, map] of contents.head.maps.entries()) {
    const entries = first<ReportEntry>(contents.entryLines(i), limit)
    const [, name = '', rest = ''] = /^(.*? \(\d+\))(.*)$/s.exec(mapTitle(map)) ?? [undefined, mapTitle(map)]
    const state = Object.entries(map.state).flatMap(([key, value]) => valueLines(`${key}: `, value, columns))
    yield `<details class="item f" id="map:${map.id}"><summary><b>${html(name)}</b><span class="dim">${html(rest)}</span></summary><div class="body">`
    for (const { where, why } of map.problems) yield `<div class="bad">${html(`${where}: ${why}`)}</div>`
    if (state.length > 0) yield `<pre class="dim">${state.map(escapeMarkup).join('\n')}</pre>`
    yield entriesHtml(entries)
    const more = (map.count ?? 0) - entries.length
    if (more > 0)
      yield `<p class="more">${more} more entries are in the JSON report (--limit shows more here)</p>`
    yield '</div></details>\n'
  }
}

function entriesHtml(entries: readonly ReportEntry[]): string {
  const table = flatTable(entries)
  if (table === undefined) {
    const blocks = entries.map(
      (entry) => `<div class="f">${entryLines(entry, columns).map(escapeMarkup).join('\n')}</div>`,
    )
    return blocks.length === 0 ? '' : `<pre>${blocks.join('')}</pre>`
  }
  const { keys, values, rows, numeric } = table
  // Names of members are a guest's: none of them says of itself that it is a number.
  const headings = [...keys, ...values].map((name, i) => (numeric[i] ? numberHeading(name) : { title: name }))
  return tableHtml({ headings, rows })
}

export function* arenaParts({ arenas }: ReportHead): Generator<string> {
  for (const arena of arenas) {
    const { id, name, userStart, declaredPages, presentPages, allocatedPages, programs, values, strays } =
      arena
    const handed = allocatedPages === null ? '' : `, ${allocatedPages} handed out`
    const users = programs.map((program) => program.name).join(', ')
    yield `<details class="item f" id="arena:${id}" open><summary><b>${html(`${name || 'arena'} (${id})`)}</b><span class="dim"> at ${html(userStart)}: ${figureJsonText(presentPages)} of ${declaredPages} pages present${handed}</span></summary><div class="body">`
    for (const problem of arena.problems) yield `<div class="bad">${html(problemText(problem))}</div>`
    for (const { from, why } of strays)
      yield `<div class="odd">${html(`${from} leads to no page: ${why}`)}</div>`
    yield `<p class="more">used by ${html(users || 'no program')}</p>`
    if (values !== null) yield `<pre>${valueLines('', values, columns).map(escapeMarkup).join('\n')}</pre>`
    yield '</div></details>\n'
  }
}

export function* allocatorParts(contents: ReportContents, limit: number): Generator<string> {
  for (const [i, allocator] of contents.head.allocators.entries()) {
    const elements = first<ReportElement>(contents.elementLines(i), limit)
    const { name, counts, payload, regions, objects, leaks, dangling, problems } = allocator
    const states = Object.entries(counts).filter(([, count]) => count !== 0)
    const rest = states.map(([state, count]) => `${figureJsonText(count)} ${state}`).join(', ')
    yield `<details class="item f" id="allocator:${html(name)}"><summary><b>${html(name)}</b><span class="dim"> ${html(`${allocator.kind} in arena ${allocator.arena}: ${rest}`)}</span></summary><div class="body">`
    for (const { where, why } of problems) yield `<div class="bad">${html(`${where}: ${why}`)}</div>`
    for (const { index } of leaks.slice(0, limit))
      yield `<div class="odd">[${index}] is handed out, and nothing refers to it</div>`
    for (const { from, why } of dangling.slice(0, limit))
      yield `<div class="odd">${html(`${from} dangles: ${why}`)}</div>`
    yield `<p class="more">${html(typeText(payload))}</p>`
    for (const region of regions)
      yield `<p class="more">${html(region.name)}: ${region.used} of ${region.size} bytes handed out</p>`
    const lines = objects.map((object) =>
      valueLines(objectHead(object), object.value, columns).map(escapeMarkup).join('\n'),
    )
    const blocks = [...elements.map(elementText), ...lines].map((text) => `<div class="f">${text}</div>`)
    yield `<pre>${blocks.join('')}</pre>`
    const more = (allocator.count ?? 0) - elements.length
    if (more > 0) yield `<p class="more">${more} more elements are in the JSON report</p>`
    yield '</div></details>\n'
  }
}

export function* containerParts(contents: ReportContents, limit: number): Generator<string> {
  for (const [i, container] of contents.head.containers.entries()) {
    const { name, state, problems } = container
    let left = 0
    const shown: string[] = []
    for (const line of contents.containerLines(i)) {
      if (shown.length === limit) left++
      else {
        const lines = containerEntryLines(JSON.parse(line) as ContainerEntryJson, columns, '')
        shown.push(`<div class="f">${lines.map(escapeMarkup).join('\n')}</div>`)
      }
    }
    yield `<details class="item f" id="container:${html(name)}"><summary><b>${html(name)}</b><span class="dim"> ${html(containerText(container))}</span></summary><div class="body">`
    for (const { where, why } of problems) yield `<div class="bad">${html(`${where}: ${why}`)}</div>`
    if (Object.keys(state).length > 0)
      yield `<pre class="dim">${valueLines('', state, columns).map(escapeMarkup).join('\n')}</pre>`
    yield `<pre>${shown.join('')}</pre>`
    if (left > 0)
      yield `<p class="more">${left} more ${left === 1 ? 'entry is' : 'entries are'} in the JSON report</p>`
    yield '</div></details>\n'
  }
}

function typeText({ type, certainty, evidence }: ReportAllocator['payload']): string {
  return type === null
    ? `elements of unknown type: ${evidence}`
    : `elements are ${type} (${certainty}): ${evidence}`
}

function elementText({ index, state, address, generation, value, hex, unreadable }: ReportElement): string {
  const about = `${state}${generation === 0 ? '' : `, generation ${generation}`}`
  const label = `[${index}] ${address ?? 'no memory yet'} (${about}) `
  const lines = (shown: unknown): string => valueLines(label, shown, columns).map(escapeMarkup).join('\n')
  if (value !== undefined) return lines(value)
  if (unreadable !== undefined) return lines({ unreadable })
  return hex === undefined ? escapeMarkup(label) : lines(shownValue({ hex }))
}

function first<T>(lines: Iterable<string>, limit: number): T[] {
  const found: T[] = []
  for (const line of lines) {
    if (found.length >= limit) break
    found.push(JSON.parse(line) as T)
  }
  return found
}
