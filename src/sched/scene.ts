import { cpuList } from '../value/mask.js'
import type { SchedContext } from './context.js'
import { readMask } from './cpu-mask.js'
import { type DispatchQueue, QueueReader } from './dispatch-queue.js'
import type { ExtEntity } from './entity.js'
import { readQueues } from './queues.js'
import { type Runqueue, readRunqueues, type WaitingTask } from './runqueue.js'
import { type ExtState, readExtState } from './sched-ext.js'
import { readSchedulers, type Scheduler } from './schedulers.js'
import { readTaskDetails, type TaskDetails } from './task-details.js'
import { readWatchdog, type Watchdog } from './watchdog.js'

/** Everything at one moment that bears on one task. */
export interface Scene {
  readonly context: SchedContext
  readonly details: TaskDetails
  readonly entity: ExtEntity | undefined
  readonly ext: ExtState
  readonly scheduler: Scheduler | undefined
  readonly watchdog: Watchdog
  readonly runqueues: readonly Runqueue[]
  readonly queues: readonly DispatchQueue[]
  /** The CPU whose runqueue it is on, or ran on last. */
  readonly own: Runqueue | undefined
  /** Where it stands: the queue, and how many are before it. */
  readonly queued: { readonly queue: DispatchQueue; readonly position: number } | undefined
  /** The CPUs that it may use, that are online, and that take part in scheduling. */
  readonly usable: readonly Runqueue[]
  /** All runnable tasks of sched_ext that do not run. */
  readonly waiting: readonly WaitingTask[]
}

export function takeScene(context: SchedContext, address: bigint): Scene {
  const details = readTaskDetails(context, address)
  const reader = new QueueReader(context)
  const runqueues = readRunqueues(context, reader)
  const queues = readQueues(context, reader)
  const schedulers = readSchedulers(context)
  const online = onlineCpus(context)
  const { schedExt: entity, allowedCpus } = details
  return {
    context,
    details,
    entity,
    ext: readExtState(context),
    scheduler:
      schedulers.find((scheduler) => scheduler.address === entity?.scheduler) ??
      schedulers.find(({ isRoot }) => isRoot),
    watchdog: readWatchdog(context),
    runqueues,
    queues,
    own: runqueues.find(({ cpu }) => cpu === details.task.cpu),
    queued: placeOf(queues, address),
    usable: runqueues.filter(
      ({ cpu }) => (allowedCpus?.includes(cpu) ?? true) && (online?.includes(cpu) ?? true),
    ),
    waiting: runqueues
      .flatMap(({ schedExt }) => schedExt?.runnable ?? [])
      .filter(({ isCurrent }) => !isCurrent),
  }
}

function placeOf(queues: readonly DispatchQueue[], address: bigint): Scene['queued'] {
  for (const queue of queues) {
    const position = queue.tasks.findIndex((task) => task.address === address)
    if (position >= 0) return { queue, position }
  }
  return undefined
}

function onlineCpus({ kernel, gathering }: SchedContext): number[] | undefined {
  const at = kernel.findSymbol('__cpu_online_mask')
  if (at === undefined) return gathering.lacks('online CPUs', 'the kernel has no __cpu_online_mask')
  return gathering.attempt('__cpu_online_mask', () => readMask(kernel, at))
}

/** "12 ms", "3.4 s". */
export function timeText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  return `${Number((milliseconds / 1000).toFixed(1))} s`
}

/** "1 task", "3 tasks". */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** "demo_worker/1 (pid 181)". */
export function named({ name, pid }: { readonly name: string; readonly pid: number }): string {
  return `${name} (pid ${pid})`
}

/** "CPU 3", "CPUs 0-2,5". */
export function cpusText(cpus: readonly number[]): string {
  return `${cpus.length === 1 ? 'CPU' : 'CPUs'} ${cpuList(cpus)}`
}
