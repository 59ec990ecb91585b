import { CryoscopeError } from '../../../errors.js'
import type { CallEvent } from '../../../history/calls.js'
import type { SeriesPoint } from '../../../history/series.js'
import type { WriteEvent } from '../../../history/writes.js'
import type { Column } from '../../../present/columns/column.js'
import { comparing } from '../../../present/columns/column.js'
import { html } from '../../../present/html/markup.js'
import type { Problems } from '../../../problems.js'
import type { Moment } from '../../../time/engine/run.js'
import { callColumns, momentText, pointColumns, writeColumns } from '../../event-columns.js'
import { TableBrowser } from './table-browser.js'

interface Gone {
  readonly time: Moment
  go(): Promise<unknown>
}

/** An answer about a record: of `vm.writes`, `vm.calls` or `vm.series`. */
export type Answered =
  | { readonly events: readonly (WriteEvent | CallEvent)[]; readonly problems: Problems }
  | { readonly points: readonly SeriesPoint[]; readonly problems: Problems }

export function isAnswered(value: unknown): value is Answered {
  if (typeof value !== 'object' || value === null || !('problems' in value)) return false
  const { events, points } = value as { events?: unknown; points?: unknown }
  return Array.isArray(events) || Array.isArray(points)
}

/** Events as a table; a click on a row goes to where it has not happened yet. */
export function eventBrowser(answer: Answered): TableBrowser<Gone> {
  const isSeries = 'points' in answer
  const rows: readonly Gone[] = isSeries ? answer.points : answer.events
  const columns = columnsOf(answer) as readonly Column<Gone>[]
  const what = isSeries ? 'values' : 'events'
  return new TableBrowser<Gone>({
    title: () => [`${rows.length} ${what}`, ...answer.problems.sentences].join('; '),
    headings: columns,
    rows: () => rows.values(),
    total: () => rows.length,
    cells: (row) => columns.map(({ cell }) => cell(row)),
    compare: (column, descending) => {
      const found = columns[column]
      return found === undefined ? () => 0 : comparing(found, descending)
    },
    visit: async (row) => {
      await row.go()
      return `now at ${momentText(row.time)}`
    },
    open: (row) =>
      html`<div class="d">${isSeries ? 'from there on it is so' : 'it has not happened yet there'}: ${momentText(row.time)}</div>`,
  })
}

function columnsOf(answer: Answered): readonly Column<never>[] {
  if ('points' in answer) return pointColumns
  const [first] = answer.events
  if (first !== undefined && 'args' in first) return callColumns
  return writeColumns
}

/** What to say of a target that has no record. */
export function needsRecord(name: string): CryoscopeError {
  return new CryoscopeError(
    'usage',
    `${name} has no record to go back in; start a guest with boot({ deterministic: true }), or open a recording`,
  )
}
