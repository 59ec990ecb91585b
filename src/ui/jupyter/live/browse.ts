import { type Allocation, Allocator } from '../../../bpf/allocators/allocator.js'
import { Container } from '../../../bpf/containers/container.js'
import { BpfMap } from '../../../bpf/map.js'
import { CryoscopeError } from '../../../errors.js'
import { Frame } from '../../../frame/frame.js'
import { type Catalogue, catalogueOf } from '../../../present/columns/catalogues.js'
import { type Column, comparing, numberColumn } from '../../../present/columns/column.js'
import {
  columnMembers,
  type EntryRow,
  entryCells,
  entryHeadings,
  entryRows,
} from '../../../present/columns/map-entries.js'
import { arePlainRows, plainCell, plainColumns } from '../../../present/columns/plain-rows.js'
import { allocatorState } from '../../../present/html/allocator.js'
import { containerHtml } from '../../../present/html/container.js'
import { hexdump } from '../../../present/html/hexdump.js'
import { type Html, html } from '../../../present/html/markup.js'
import { valueTree } from '../../../present/html/value-tree.js'
import type { Session } from '../../../session/session.js'
import type { ObjectValue, Value } from '../../../value/types.js'
import { isUnreadable } from '../../../value/unreadable.js'
import { viewOf } from '../display/format.js'
import { mapTitle } from '../display/map-view.js'
import { onAnyChange } from '../sessions.js'
import { type Answered, eventBrowser, isAnswered } from './events.js'
import { LiveView } from './live-view.js'
import { TableBrowser } from './table-browser.js'
import { ValueBrowser } from './value-browser.js'

/** What can be browsed: a map, a frame, any list, an answer about a record, a struct or a pointer, an allocator, a container, a whole session. */
export type Browsable =
  | Answered
  | BpfMap
  | Frame
  | Allocator
  | Container
  | Session
  | Value
  | readonly unknown[]

/**
 * A live view of something: tables page, sort and filter in the kernel, pointers are followed by a click, and all of it
 * is read anew when the guest has run.
 *
 * @example await browse(vm.map('pid_stats'))
 * @example await browse(vm.task(1))
 * @example await browse(await vm.writes('jiffies_64')) // a click on a row goes there
 */
export async function browse(value: Browsable): Promise<LiveView> {
  const { view, refresh } = browserOf(value)
  await view.refresh()
  onAnyChange((session) => {
    // What a running guest holds is torn; views wait for the next stop.
    if (session.state !== 'running') void refresh()
  })
  return view
}

interface Browser {
  readonly view: LiveView
  readonly refresh: () => Promise<void>
}

function browserOf(value: Browsable): Browser {
  if (value instanceof BpfMap) return ofTable(mapBrowser(value))
  if (value instanceof Allocator) return ofTable(allocatorBrowser(value))
  if (value instanceof Container)
    return ofView(new LiveView({ draw: () => containerHtml(value), act: () => {} }))
  if (value instanceof Frame) return ofTable(frameBrowser(value))
  if (isAnswered(value)) return ofTable(eventBrowser(value))
  if (isSession(value)) return browserOf(value.maps)
  if (isList(value)) {
    const catalogue = catalogueOf(value)
    if (catalogue !== undefined) return ofTable(catalogueBrowser(value, catalogue))
    return ofTable(plainBrowser(value))
  } else if (typeof value === 'object' && '$kind' in value && !isUnreadable(value)) {
    return ofView(new ValueBrowser(nameOf(value as ObjectValue), () => value as Value).view)
  }
  throw new CryoscopeError(
    'usage',
    'browse takes a map, a frame, any list (vm.tasks, vm.progs, …), a struct or pointer, an allocator, a container, or vm',
  )
}

function ofTable<Row>(browser: TableBrowser<Row>): Browser {
  return { view: browser.view, refresh: () => browser.refresh() }
}

function ofView(view: LiveView): Browser {
  return { view, refresh: () => view.refresh() }
}

function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'target' in value && 'maps' in value
}

function nameOf(value: ObjectValue): string {
  return value.$symbol ?? value.$type
}

function mapBrowser(map: BpfMap): TableBrowser<EntryRow> {
  const members = columnMembers(map, { nested: true })
  return new TableBrowser({
    title: () => mapTitle(map),
    headings: entryHeadings(map, members),
    rows: () => entryRows(map.entries()),
    cells: (row) => entryCells(map, members, row),
    open: (row) => entryHtml(row),
  })
}

const allocationColumns: readonly Column<Allocation>[] = [
  numberColumn('index', 'SLOT', ({ index }) => index),
  {
    key: 'address',
    title: 'ADDRESS',
    cell: ({ address }) => (address === undefined ? '-' : `0x${address.toString(16)}`),
  },
  numberColumn('size', 'BYTES', ({ size }) => size),
  { key: 'value', title: 'VALUE', cell: ({ value }) => plainCell(value) },
]

/** What it has handed out, below how full it is. */
function allocatorBrowser(allocator: Allocator): TableBrowser<Allocation> {
  return new TableBrowser({
    title: () => `${allocator.live.length} live allocations`,
    above: () => allocatorState(allocator),
    headings: allocationColumns,
    rows: () => allocator.allocations('live'),
    total: () => allocator.live.length,
    cells: (row) => allocationColumns.map(({ cell }) => cell(row)),
    open: ({ value }) => viewOf(value)?.html ?? html``,
  })
}

function entryHtml({ entry, value }: EntryRow): Html {
  const shown = value?.value
  const key = html`<div class="d m">key ${JSON.stringify(entry.key.json ?? Buffer.from(entry.key.bytes).toString('hex'))}</div>`
  if (typeof shown === 'object' && '$kind' in shown && !isUnreadable(shown)) {
    return html`${key}${valueTree(shown as ObjectValue, { lines: 200 })}`
  }
  return html`${key}${value === undefined ? undefined : hexdump(value.bytes, value.address)}`
}

/** A list of anything. */
const elementColumns: readonly Column<{ readonly index: number; readonly value: unknown }>[] = [
  numberColumn('index', '#', ({ index }) => index),
  { key: 'value', title: 'VALUE', cell: ({ value }) => plainCell(value) },
]

function plainBrowser(list: readonly unknown[]): TableBrowser<object> {
  if (arePlainRows(list)) {
    const columns = plainColumns(list) as readonly Column<object>[]
    return catalogueBrowser(list, { plural: 'rows', columns })
  }
  const rows = list.map((value, index) => ({ index, value }))
  return catalogueBrowser(rows, { plural: 'elements', columns: elementColumns as readonly Column<object>[] })
}

function isList(value: unknown): value is readonly object[] {
  return Array.isArray(value) && !('$kind' in value)
}

function frameBrowser(frame: Frame): TableBrowser<number> {
  const { names, kinds } = frame
  return new TableBrowser({
    title: () => `frame of ${frame.length} rows`,
    headings: names.map((title) => ({
      title,
      ...(kinds[title] === 'text' ? {} : { align: 'right' as const }),
    })),
    rows: () => Array.from({ length: frame.length }, (_, row) => row).values(),
    total: () => frame.length,
    cells: (row) => names.map((name) => plainCell(frame.cell(row, name))),
  })
}

function catalogueBrowser(
  rows: readonly object[],
  { plural, columns }: Catalogue<object>,
): TableBrowser<object> {
  return new TableBrowser({
    title: () => `${rows.length} ${plural}`,
    headings: columns,
    rows: () => rows.values(),
    total: () => rows.length,
    cells: (row) => columns.map(({ cell }) => cell(row)),
    compare: (column, descending) => {
      const found = columns[column]
      return found === undefined ? () => 0 : comparing(found, descending)
    },
    open: (row) => viewOf(row)?.html ?? html``,
  })
}
