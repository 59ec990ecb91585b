import type { Found } from '../found.js'
import { type CidTables, readCids } from './cids.js'
import { possibleCpus, type SchedContext } from './context.js'
import { readMask } from './cpu-mask.js'
import { type QueueFacts, QueueReader } from './dispatch-queue.js'
import type { ExtEntity } from './entity.js'
import { readQueues } from './queues.js'
import { type RunqueueFacts, readRunqueues, type WaitingTask, waitingTasks } from './runqueue.js'
import { type ExtState, readExtState } from './sched-ext.js'
import { readSchedulers, type Scheduler } from './schedulers.js'
import { readTaskDetails, type TaskDetails } from './task-details.js'
import { readWatchdog, type Watchdog } from './watchdog.js'

/**
 * Everything at one moment that bears on one task. Undefined is what is not known, never what is not so: that a list lacks
 * something is only to be had as an answer, which knows what was missed.
 */
export interface Scene {
  readonly context: SchedContext
  readonly details: TaskDetails
  readonly entity: ExtEntity | undefined
  readonly ext: ExtState
  /** The scheduler whose task it is. */
  readonly scheduler: Scheduler | undefined
  readonly watchdog: Watchdog
  readonly runqueues: Found<RunqueueFacts>
  /** Where it runs. */
  readonly running: RunqueueFacts | 'none' | 'unknown'
  /** The CPU whose runqueue it is on, or ran on last. */
  readonly own: RunqueueFacts | undefined
  readonly queued: Place | 'none' | 'unknown'
  /** Numbers of the CPUs that can be, that it may use, and of these those that are online. */
  readonly possible: readonly number[]
  readonly usable: readonly number[] | undefined
  /** CPUs by the numbers that cid-form schedulers have for them. */
  readonly cids: CidTables | undefined
  /** All runnable tasks of sched_ext that do not run. */
  readonly waiting: Found<WaitingTask>
}

/** On a queue, and how many are before it there. */
export interface Place {
  readonly queue: QueueFacts
  readonly position: number | undefined
}

export function takeScene(context: SchedContext, address: bigint): Scene {
  const details = readTaskDetails(context, address)
  const reader = new QueueReader(context)
  const runqueues = readRunqueues(context, reader)
  const queues = readQueues(context, reader)
  const { schedExt: entity, allowedCpus, task } = details
  const online = onlineCpus(context)
  const scheduler = schedulerOf(entity, readSchedulers(context))
  return {
    context,
    details,
    entity,
    ext: readExtState(context),
    scheduler,
    watchdog: readWatchdog(context, scheduler?.address || undefined),
    runqueues,
    running: runqueues.seek(({ current }) =>
      current === undefined ? undefined : current.address === address,
    ),
    own: runqueues.seen.find(({ cpu }) => cpu === task.cpu),
    queued: placeOf(queues, address, entity),
    possible: possibleCpus(context),
    usable: online === undefined ? undefined : allowedCpus?.filter((cpu) => online.includes(cpu)),
    cids: readCids(context),
    waiting: waitingTasks(runqueues),
  }
}

/** What an entity names; else the root, for a task that is known to be no other's. */
function schedulerOf(
  entity: ExtEntity | undefined,
  { seen, isWhole }: Found<Scheduler>,
): Scheduler | undefined {
  if (entity === undefined) return isWhole && seen.length === 1 ? seen[0] : undefined
  const { scheduler: own } = entity
  if (own !== undefined && own !== 0n) return seen.find(({ address }) => address === own)
  return seen.find(({ isRoot }) => isRoot)
}

/** By the lists of the queues, or where those lack it by its own word. */
function placeOf(queues: Found<QueueFacts>, address: bigint, entity: ExtEntity | undefined): Scene['queued'] {
  for (const queue of queues.seen) {
    const task = queue.tasks.seen.find((candidate) => candidate.address === address)
    if (task !== undefined) return { queue, position: task.position }
  }
  if (entity?.queueAddress === 0n) return 'none'
  const queue = queues.seen.find((candidate) => candidate.address === entity?.queueAddress)
  return queue === undefined ? 'unknown' : { queue, position: undefined }
}

function onlineCpus({ kernel, problems, absences }: SchedContext): number[] | undefined {
  const at = kernel.findSymbol('__cpu_online_mask')
  if (at === undefined) return absences.lacks('online CPUs', 'the kernel has no __cpu_online_mask')
  return problems.attempt('__cpu_online_mask', () => readMask(kernel, at))
}

/** What runs on the CPUs that the task may use, and of which of them that is not known; undefined where these are not known. */
export function usableCpus({
  usable,
  runqueues,
}: Scene): { readonly known: readonly Running[]; readonly unknown: readonly number[] } | undefined {
  if (usable === undefined) return undefined
  const known = runqueues.seen.flatMap(({ cpu, current }) =>
    current === undefined || !usable.includes(cpu) ? [] : [{ cpu, current }],
  )
  return { known, unknown: usable.filter((cpu) => !known.some((other) => other.cpu === cpu)) }
}

export type Running = Pick<RunqueueFacts, 'cpu'> & { readonly current: NonNullable<RunqueueFacts['current']> }

/** Whether a task is of the same scheduler, by its scx.sched; undefined where that is not known of one of them. */
export function isOfSame({ scheduler, entity }: Scene, other: bigint | undefined): boolean | undefined {
  // The kernel has one scheduler at most.
  if (entity !== undefined && entity.scheduler === undefined) return true
  if (scheduler === undefined || other === undefined) return undefined
  // Named by none, it is the root's.
  if (other === 0n) return scheduler.isRoot
  return scheduler.address === other
}

/** What its scheduler is called, at the start of a sentence or within. */
export function schedulerName({ scheduler }: Pick<Scene, 'scheduler'>, first = 'a'): string {
  return scheduler?.name || `${first} scheduler of unknown name`
}
