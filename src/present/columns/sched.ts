import type { DispatchQueue } from '../../sched/dispatch-queue.js'
import type { Runqueue, WaitingTask } from '../../sched/runqueue.js'
import type { SchedState } from '../../sched/sched.js'
import { durationText } from '../../units.js'
import { type Column, numberColumn, orDash, taskText } from './column.js'

export const runqueueColumns: readonly Column<Runqueue>[] = [
  numberColumn('cpu', 'CPU', ({ cpu }) => cpu),
  { key: 'current', title: 'RUNS', cell: ({ current }) => taskText(current) },
  { key: 'class', title: 'CLASS', cell: ({ current }) => orDash(current?.schedClass) },
  numberColumn('ready', 'READY', ({ runnableTasks }) => runnableTasks),
  numberColumn('ext', 'SCX', ({ schedExt }) => schedExt?.runnableTasks),
  { key: 'flags', title: 'FLAGS', cell: ({ schedExt }) => orDash(schedExt?.flags.join(' ')) },
]

export const queueColumns: readonly Column<DispatchQueue>[] = [
  { key: 'name', title: 'DSQ', cell: ({ name }) => name },
  { key: 'kind', title: 'KIND', cell: ({ kind }) => kind },
  numberColumn('depth', 'TASKS', ({ depth }) => depth),
  numberColumn('sequence', 'EVER', ({ sequence }) => sequence),
  { key: 'tasks', title: 'IN ORDER', cell: ({ tasks }) => orDash(tasks.map(taskText).join(', ')) },
]

/** A task that waits, and the dispatch queue that it waits on. */
export interface WaitingRow extends WaitingTask {
  /** What it is called, where that is known. */
  readonly queue?: string | undefined
}

export const waitingColumns: readonly Column<WaitingRow>[] = [
  numberColumn('pid', 'PID', ({ pid }) => pid),
  { key: 'name', title: 'NAME', cell: ({ name }) => name },
  numberColumn('cpu', 'CPU', ({ cpu }) => cpu),
  numberColumn(
    'waiting',
    'FOR',
    ({ waitingMs }) => waitingMs,
    ({ waitingMs }) => (waitingMs === undefined ? '-' : durationText(waitingMs)),
  ),
  { key: 'queue', title: 'ON', cell: queueText },
]

/** Its name; its address where only that is known. */
function queueText({ queue, queueAddress }: WaitingRow): string {
  return queue ?? (queueAddress === undefined || queueAddress === 0n ? '-' : `0x${queueAddress.toString(16)}`)
}

/** Tasks that are ready and do not run, the longest waiting first. */
export function waitingRows({ runqueues, queues }: Pick<SchedState, 'runqueues' | 'queues'>): WaitingRow[] {
  const places = new Map(queues.flatMap(({ name, tasks }) => tasks.map(({ address }) => [address, name])))
  return runqueues
    .flatMap(({ schedExt }) => schedExt?.runnable ?? [])
    .filter(({ isCurrent }) => !isCurrent)
    .sort((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
    .map((task) => ({ ...task, queue: places.get(task.address) }))
}

export interface EventRow {
  readonly name: string
  readonly total: bigint
}

export const eventColumns: readonly Column<EventRow>[] = [
  { key: 'name', title: 'EVENT', cell: ({ name }) => name },
  numberColumn('total', 'COUNT', ({ total }) => total),
]

/** Counters of every scheduler; with its name where there are several. */
export function eventRows({ events, schedulers }: Pick<SchedState, 'events' | 'schedulers'>): EventRow[] {
  return events.flatMap(({ scheduler, counters }) => {
    const name = schedulers.find(({ address }) => address === scheduler)?.name
    const of = events.length > 1 ? ` of ${name ?? '?'}` : ''
    return counters.map((counter) => ({ name: `${counter.name}${of}`, total: counter.total }))
  })
}
