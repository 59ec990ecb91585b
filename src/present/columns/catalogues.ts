import { Allocator } from '../../bpf/allocators/allocator.js'
import { Arena } from '../../bpf/arena/arena.js'
import { Container } from '../../bpf/containers/container.js'
import { BpfMap } from '../../bpf/map.js'
import type { BpfLink } from '../../bpf/programs/links.js'
import type { LogRecord } from '../../kernel/dmesg.js'
import type { Task } from '../../kernel/tasks.js'
import type { DispatchQueue } from '../../sched/dispatch-queue.js'
import type { EventCounter, SchedulerEvents } from '../../sched/events.js'
import type { Runqueue } from '../../sched/runqueue.js'
import { Vcpu } from '../../session/vcpu.js'
import { allocatorColumns } from './allocators.js'
import { arenaColumns } from './arenas.js'
import type { Column } from './column.js'
import { containerColumns } from './containers.js'
import { linkColumns } from './links.js'
import { logColumns } from './log.js'
import { mapColumns } from './maps.js'
import { plainColumn } from './plain-rows.js'
import { programColumns } from './programs.js'
import { eventColumns, queueColumns, runqueueColumns, type WaitingRow, waitingColumns } from './sched.js'
import { taskColumns } from './tasks.js'
import { vcpuColumns } from './vcpus.js'

/** A noun and its columns. */
export interface Catalogue<Row> {
  /** "3 maps" */
  readonly plural: string
  readonly columns: readonly Column<Row>[]
}

interface Known {
  readonly isRow: (row: object) => boolean
  // biome-ignore lint/suspicious/noExplicitAny: isRow has made sure that the rows fit the columns
  readonly catalogue: Catalogue<any>
  /** Members of nouns that are plain objects: copies of them may have more, which become columns too. */
  readonly members?: Readonly<Record<string, true>>
}

const has =
  (...names: readonly string[]) =>
  (row: object) =>
    names.every((name) => name in row)

/** All of them, or it does not compile. */
function members<Noun>(all: Readonly<Record<keyof Noun, true>>): Readonly<Record<string, true>> {
  return all as Readonly<Record<string, true>>
}

/** What lists of the session hold. Some are classes, the others are known by members that only they have. */
const known: readonly Known[] = [
  { isRow: (row) => row instanceof BpfMap, catalogue: { plural: 'maps', columns: mapColumns } },
  { isRow: (row) => row instanceof Arena, catalogue: { plural: 'arenas', columns: arenaColumns } },
  {
    isRow: (row) => row instanceof Allocator,
    catalogue: { plural: 'allocators', columns: allocatorColumns },
  },
  {
    isRow: (row) => row instanceof Container,
    catalogue: { plural: 'containers', columns: containerColumns },
  },
  { isRow: (row) => row instanceof Vcpu, catalogue: { plural: 'vCPUs', columns: vcpuColumns } },
  {
    isRow: has('verifiedInstructions', 'recursionMisses', 'mapIds'),
    catalogue: { plural: 'programs', columns: programColumns },
  },
  {
    isRow: has('attachType', 'programId', 'target'),
    catalogue: { plural: 'links', columns: linkColumns },
    members: members<BpfLink>({
      id: true,
      type: true,
      programId: true,
      attachType: true,
      target: true,
      address: true,
    }),
  },
  {
    isRow: has('tgid', 'parentPid', 'isKernelThread'),
    catalogue: { plural: 'tasks', columns: taskColumns },
    members: members<Task>({
      address: true,
      pid: true,
      tgid: true,
      name: true,
      comm: true,
      state: true,
      cpu: true,
      isRunning: true,
      isKernelThread: true,
      parentPid: true,
    }),
  },
  {
    isRow: has('runnableTasks', 'current', 'clock'),
    catalogue: { plural: 'runqueues', columns: runqueueColumns },
    members: members<Runqueue>({
      cpu: true,
      address: true,
      current: true,
      runnableTasks: true,
      changing: true,
      clock: true,
      online: true,
      switches: true,
      schedExt: true,
    }),
  },
  {
    isRow: has('facility', 'level', 'text'),
    catalogue: { plural: 'records', columns: logColumns },
    members: members<LogRecord>({ sequence: true, time: true, level: true, facility: true, text: true }),
  },
  {
    isRow: has('depth', 'sequence', 'cursors'),
    catalogue: { plural: 'queues', columns: queueColumns },
    members: members<DispatchQueue>({
      address: true,
      id: true,
      name: true,
      kind: true,
      cpu: true,
      node: true,
      scheduler: true,
      owner: true,
      depth: true,
      changing: true,
      sequence: true,
      tasks: true,
      cursors: true,
    }),
  },
  {
    isRow: has('isCurrent', 'waitingMs', 'queueAddress'),
    catalogue: { plural: 'waiting tasks', columns: waitingColumns },
    members: members<WaitingRow>({
      address: true,
      pid: true,
      name: true,
      cpu: true,
      isCurrent: true,
      waitingMs: true,
      queueAddress: true,
      scheduler: true,
      queue: true,
    }),
  },
  {
    isRow: has('total', 'cpus', 'name'),
    catalogue: { plural: 'counters', columns: eventColumns },
    members: members<EventCounter>({ name: true, total: true, cpus: true }),
  },
  { isRow: has('scheduler', 'counters'), catalogue: { plural: 'schedulers', columns: countersColumns() } },
]

/** Counters of one scheduler: a column for each would be wider than any screen. */
function countersColumns(): readonly Column<SchedulerEvents>[] {
  return [
    {
      key: 'scheduler',
      title: 'SCHEDULER',
      rigid: true,
      cell: ({ scheduler }) => (scheduler === 0n ? 'all' : `0x${scheduler.toString(16)}`),
    },
    {
      key: 'counters',
      title: 'EVENTS',
      cell: ({ counters }) =>
        counters
          .filter(({ total }) => total !== 0n)
          .map(({ name, total }) => `${name} ${total}`)
          .join(', ') || 'none counted',
    },
  ]
}

/**
 * The columns for a list of one of the session's nouns; undefined for any other list. Rows that were copied and given more
 * members (`vm.tasks.map((t) => ({ ...t, waitedMs: 3 }))`) have a column for each of those.
 */
// biome-ignore lint/suspicious/noExplicitAny: the rows are those that were given
export function catalogueOf(rows: readonly unknown[]): Catalogue<any> | undefined {
  const first = rows[0]
  if (typeof first !== 'object' || first === null) return undefined
  const found = known.find(({ isRow }) => isRow(first))
  if (found === undefined) return undefined
  const all = rows.every((row) => typeof row === 'object' && row !== null && found.isRow(row))
  if (!all) return undefined
  const { catalogue, members: own } = found
  if (own === undefined) return catalogue
  const more = new Set<string>()
  for (const row of rows as readonly object[]) {
    for (const name of Object.keys(row)) if (own[name] === undefined) more.add(name)
  }
  if (more.size === 0) return catalogue
  const given = rows as readonly Readonly<Record<string, unknown>>[]
  return {
    ...catalogue,
    columns: [...catalogue.columns, ...[...more].map((name) => plainColumn(given, name))],
  }
}
