import type { BpfMap } from '../../../bpf/map.js'
import { detailsJson } from '../../../contract/details.js'
import {
  columnMembers,
  type EntryRow,
  entryCells,
  entryHeadings,
  entryRows,
  isSection,
} from '../../../present/columns/map-entries.js'
import { plainText } from '../../../present/columns/object-text.js'
import { type Html, html } from '../../../present/html/markup.js'
import { tableHtml } from '../../../present/html/table.js'
import { valueTree } from '../../../present/html/value-tree.js'
import { Problems } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { ObjectValue } from '../../../value/types.js'
import { twinLines } from './twin.js'
import { View } from './view.js'

const pageSize = 50
const textRows = 20
const textWidth = 120

/** A map: what it is, and its first entries. A section of global variables is a tree. */
export function mapView(map: BpfMap): View {
  const problems = new Problems()
  const members = columnMembers(map, { nested: true })
  const headings = entryHeadings(map, members)
  const variables = isSection(map) ? map.variables : undefined
  const rows = (most: number) => firstRows(map, most, problems)
  const title = mapTitle(map)
  return new View(
    () => {
      const body =
        variables !== undefined && typeof variables === 'object' && '$format' in variables
          ? [variables.$format({ columns: textWidth, showZero: false })]
          : pageText(rows(textRows), headings, (row) => entryCells(map, members, row))
      return [title, ...stateLines(map, problems), ...body, ...problemLines(problems)].join('\n')
    },
    () => {
      const state = stateLines(map, problems).map((line) => html`<div class="d">${line.trim()}</div>`)
      const body = isTree(variables)
        ? valueTree(variables)
        : entriesTable(map, rows(pageSize), members, headings)
      const problemRows = problemLines(problems).map((line) => html`<div class="warn">${line}</div>`)
      return html`<div class="h">${title}</div>${state}${body}${problemRows}`
    },
  )
}

/** "pid_stats (5), hash: s32 -> struct pid_stats, at most 65536" */
export function mapTitle(map: BpfMap): string {
  const { keyType, valueType } = map.toJSON()
  const { id, name, type, keySize, valueSize, maxEntries } = map.info
  const described = (typeName: unknown, size: number) =>
    typeof typeName === 'string' ? typeName : size === 0 ? 'nothing' : `${size} bytes`
  return escapeText(
    `${name === '' ? 'map' : name} (${id}), ${type}: ${described(keyType, keySize)} -> ${described(valueType, valueSize)}, at most ${maxEntries}`,
  )
}

interface Page {
  readonly rows: readonly EntryRow[]
  readonly more: boolean
}

function firstRows(map: BpfMap, most: number, problems: Problems): Page {
  const rows: EntryRow[] = []
  if (map.unsupported !== undefined) {
    problems.add('entries', map.unsupported)
    return { rows, more: false }
  }
  for (const row of entryRows(map.entries(problems))) {
    if (rows.length === most) return { rows, more: true }
    rows.push(row)
  }
  return { rows, more: false }
}

function pageText(
  { rows, more }: Page,
  headings: Parameters<typeof twinLines>[0],
  cells: (row: EntryRow) => readonly string[],
): string[] {
  const count = more
    ? `the first ${rows.length} entries; browse(map) pages through all`
    : entryCount(rows.length)
  return [...twinLines(headings, rows.map(cells)), count]
}

function entriesTable(
  map: BpfMap,
  { rows, more }: Page,
  members: readonly string[] | undefined,
  headings: Parameters<typeof tableHtml>[0],
): Html {
  const caption = more
    ? `the first ${rows.length} entries; browse(map) pages through all`
    : entryCount(rows.length)
  const cells = rows.map((row) => entryCells(map, members, row))
  return tableHtml(headings, cells, { caption, interactive: true })
}

function entryCount(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`
}

function stateLines(map: BpfMap, problems: Problems): string[] {
  return Object.entries(detailsJson(map.state(problems))).map(
    ([name, value]) =>
      `  ${escapeText(name)}: ${typeof value === 'string' ? escapeText(value) : plainText(value)}`,
  )
}

function problemLines(problems: Problems): string[] {
  return problems.list.map(
    ({ where, why }) => `not all could be read: ${escapeText(where)}: ${escapeText(why)}`,
  )
}

function isTree(value: unknown): value is ObjectValue {
  return typeof value === 'object' && value !== null && '$kind' in value && value.$kind !== 'unreadable'
}
