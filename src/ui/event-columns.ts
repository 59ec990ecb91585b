import type { CallEvent } from '../history/calls.js'
import type { SeriesPoint } from '../history/series.js'
import type { WriteEvent } from '../history/writes.js'
import type { Column } from '../present/columns/column.js'
import { numberColumn } from '../present/columns/column.js'
import type { Moment } from '../time/engine/run.js'
import { nanosecondsText } from '../units.js'

/** Whatever an answer about a record lists. */
export interface ShownEvent {
  readonly time: Moment
  readonly cpu: number
  readonly pid: number | undefined
  readonly comm: string | undefined
}

/** A moment for people: seconds of the guest's clock. */
export function secondsText({ ns }: Moment): string {
  return `${(ns / 1e9).toFixed(6)}s`
}

/** The same with what it counts. */
export function momentText(moment: Moment): string {
  return `${secondsText(moment)}, ${moment.instructions} instructions`
}

const timeColumn: Column<{ readonly time: Moment }> = {
  key: 'time',
  title: 'TIME',
  rigid: true,
  cell: ({ time }) => secondsText(time),
  sort: ({ time }) => time.instructions,
}

/** When, where and who. */
const actorColumns: readonly Column<ShownEvent>[] = [
  timeColumn,
  numberColumn('cpu', 'CPU', ({ cpu }) => cpu),
  { key: 'task', title: 'TASK', cell: ({ pid, comm }) => (pid === undefined ? '' : `${comm} (${pid})`) },
]

export const writeColumns: readonly Column<WriteEvent>[] = [
  ...actorColumns,
  {
    key: 'where',
    title: 'WHERE',
    cell: ({ where, address }) => withoutTag(where) ?? `0x${address.toString(16)}`,
  },
  {
    key: 'change',
    title: 'CHANGE',
    cell: (event) => {
      const { before, after } = event.toJSON() as { before: unknown; after: unknown }
      const change = changeText(event.member, before, after)
      return event.former === undefined ? change : `${change} (${event.former})`
    },
  },
  { key: 'line', title: 'LINE', cell: ({ line }) => line ?? '' },
]

export const callColumns: readonly Column<CallEvent>[] = [
  ...actorColumns,
  { key: 'caller', title: 'CALLER', cell: ({ caller }) => withoutTag(caller) ?? '' },
  {
    key: 'arguments',
    title: 'ARGUMENTS',
    cell: (event) => {
      const { args } = event.toJSON() as { args: object }
      return Object.entries(args)
        .map(([name, value]) => `${name}=${briefly(value)}`)
        .join(' ')
    },
  },
  {
    key: 'result',
    title: 'RESULT',
    cell: (event) => {
      const { result } = event.toJSON() as { result: unknown }
      return result === null ? '' : briefly(result)
    },
  },
  {
    key: 'took',
    title: 'TOOK',
    cell: ({ duration }) => (duration === undefined ? 'not back yet' : nanosecondsText(BigInt(duration.ns))),
    sort: ({ duration }) => duration?.ns,
  },
]

export const pointColumns: readonly Column<SeriesPoint>[] = [
  timeColumn,
  {
    key: 'value',
    title: 'VALUE',
    cell: ({ value, why }) => (why === undefined ? textOf(value) : `(${why})`),
    sort: ({ value }) => (typeof value === 'number' || typeof value === 'bigint' ? value : undefined),
  },
  { key: 'by', title: 'BY', cell: ({ by }) => (by?.pid === undefined ? '' : `${by.comm} (${by.pid})`) },
  { key: 'where', title: 'WHERE', cell: ({ by }) => withoutTag(by?.where) ?? '' },
]

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

/** Pointers by their address alone. */
function briefly(value: unknown): string {
  const { pointer } = Object(value) as { pointer?: unknown }
  if (typeof pointer === 'string') return pointer
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** What became another value, as text: of structs only the members that did. */
export function changeText(member: string, before: unknown, after: unknown): string {
  if (!isObject(before) || !isObject(after)) {
    return `${member} ${JSON.stringify(before)} to ${JSON.stringify(after)}`.trim()
  }
  const inner = (name: string): string => (member === '' ? name : `${member}.${name}`)
  const changed = Object.keys(after).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  )
  if (changed.length === 0) return `${member} unchanged`.trim()
  return changed.map((name) => changeText(inner(name), before[name], after[name])).join(', ')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Symbols of BPF programs begin with a hash of their code, which tells people nothing. */
function withoutTag(where: string | undefined): string | undefined {
  return where?.replace(/^bpf_prog_[0-9a-f]{16}_/, '')
}
