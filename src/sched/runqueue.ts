import { Found, type Stated } from '../found.js'
import type { Kernel } from '../kernel/kernel.js'
import { loadedSchedulers } from '../kernel/sched-ext.js'
import { isHeld } from '../kernel/spinlock.js'
import { asFarAsRead, type StructReader } from '../kernel/struct-reader.js'
import { entries, listNodes } from '../kernel/walk/list.js'
import { cpuList } from '../value/mask.js'
import { gather, hex, noneOf, possibleCpus, type SchedContext } from './context.js'
import { readMaskAt } from './cpu-mask.js'
import { type QueuedTask, type QueueReader, runqueueLocks } from './dispatch-queue.js'
import { flagNames } from './flags.js'
import { classOf } from './sched-class.js'
import { readTaskName } from './task-name.js'

/** A runqueue (struct rq, kernel/sched/sched.h), with word of what was missed. */
export interface RunqueueFacts {
  readonly cpu: number
  readonly address: bigint
  /** Undefined where it is not known what runs. */
  readonly current: CurrentTask | undefined
  /** Tasks of all classes, the running one included. */
  readonly runnableTasks: number
  /** Its lock is held: the guest stopped while it was being changed, and lists and counts may differ. */
  readonly changing: boolean
  /** rq_clock: nanoseconds, as old as the last update. */
  readonly clock: bigint
  readonly online: boolean | undefined
  readonly switches: bigint | undefined
  readonly schedExt: ExtRunqueueFacts | undefined
}

export type Runqueue = Stated<RunqueueFacts>

export interface CurrentTask {
  readonly address: bigint
  readonly pid: number
  readonly name: string
  readonly schedClass: string | undefined
  /** Address of the scx_sched that it is a task of, 0n of none; undefined where the kernel has one at most. */
  readonly scheduler: bigint | undefined
  readonly isIdle: boolean
}

/** The part of a runqueue that is sched_ext's (struct scx_rq). */
export interface ExtRunqueueFacts {
  readonly runnableTasks: number
  readonly flags: readonly string[]
  /** Taken by a higher class since ops.cpu_release(). */
  readonly cpuReleased: boolean | undefined
  readonly clock: bigint | undefined
  readonly opsSequence: bigint | undefined
  /** Counts scheduling rounds, for kicks that wait. */
  readonly kickSync: bigint | undefined
  readonly immediateTasks: number | undefined
  /** CPUs that this one is about to kick, by the kernel's name of the mask. */
  readonly kicks: Readonly<Record<string, string>>
  /** Tasks that are ready here; the running one is counted above and mostly not among them. */
  readonly runnable: Found<WaitingTask>
  /** Tasks of sub-schedulers that may queue nothing here are run by the kernel itself, one at a time; undefined before Linux 7.3. */
  readonly rescue: Rescue | undefined
  /** Tasks whose direct dispatch to another CPU waits for this CPU's lock to be free. */
  readonly deferred: Found<QueuedTask>
}

/** What the kernel runs for schedulers that lack the capabilities (struct scx_rq_rescue, in Linux 7.3). */
export interface Rescue {
  /** Who is being rescued; undefined for nobody. */
  readonly task: { readonly address: bigint; readonly pid: number; readonly name: string } | undefined
  /** Nanoseconds that rescued tasks may run now; below 0 a debt. */
  readonly budget: bigint
}

export interface WaitingTask {
  readonly address: bigint
  readonly pid: number
  readonly name: string
  readonly cpu: number
  /** Running right now: its stamp is from when it last became runnable. */
  readonly isCurrent: boolean
  /** Milliseconds; undefined where the task has no stamp yet or HZ is not known. */
  readonly waitingMs: number | undefined
  /** The DSQ that it is on, by its own word; 0n on none. */
  readonly queueAddress: bigint
  /** Address of the scx_sched that it is a task of; undefined where the kernel has one at most. */
  readonly scheduler: bigint | undefined
}

export function readRunqueues(context: SchedContext, reader: QueueReader): Found<RunqueueFacts> {
  const { kernel, problems, absences } = context
  const runqueues = kernel.findSymbol('runqueues')
  if (runqueues === undefined || kernel.layouts.find('rq') === undefined) {
    absences.lacks('runqueues', 'the kernel has no per-CPU runqueues, or no struct rq in its BTF')
    return Found.some([], asFarAsRead(kernel.types, 'the kernel has no runqueues that are known here'))
  }
  // Once for all CPUs, where these are asked for at all.
  let schedulers: readonly bigint[] | undefined
  const kickers = (): readonly bigint[] => (schedulers ??= loadedSchedulers(kernel, problems))
  return Found.by(problems, (part) =>
    possibleCpus({ ...context, problems: part }).flatMap((cpu) => {
      const found = part.attempt(`rq of CPU ${cpu}`, () =>
        readRunqueue({ ...context, reader, kickers }, cpu, kernel.cpus.address(runqueues, cpu)),
      )
      return found === undefined ? [] : [found]
    }),
  )
}

/** Runnable tasks of sched_ext that do not run, the longest waiting first. */
export function waitingTasks(runqueues: Found<RunqueueFacts>): Found<WaitingTask> {
  return runqueues
    .flatMap(({ cpu, schedExt, current }) => {
      if (schedExt === undefined)
        return Found.some<WaitingTask>([], `who is ready on CPU ${cpu} is not known`)
      const { runnable } = schedExt
      // Who runs is among those that are ready.
      return current === undefined
        ? runnable.filter(() => undefined)
        : runnable.filter(({ isCurrent }) => !isCurrent)
    })
    .sorted((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
}

interface RunqueueContext extends SchedContext {
  readonly reader: QueueReader
  /** The schedulers that kick CPUs. */
  readonly kickers: () => readonly bigint[]
}

function readRunqueue(context: RunqueueContext, cpu: number, address: bigint): RunqueueFacts {
  const { kernel, problems } = context
  const rq = kernel.struct('rq', address)
  const current = problems.attempt(`rq of CPU ${cpu}, curr`, () => currentOf(context, rq))
  return {
    cpu,
    address,
    current,
    runnableTasks: rq.number('nr_running'),
    changing: isHeld(rq, ...runqueueLocks),
    clock: rq.integer('clock'),
    online: rq.has('online') ? rq.number('online') !== 0 : undefined,
    switches: rq.has('nr_switches') ? rq.integer('nr_switches') : undefined,
    schedExt: problems.attempt(`scx_rq of CPU ${cpu}`, () => readExt(context, cpu, rq, current?.address)),
  }
}

function currentOf({ kernel }: SchedContext, rq: StructReader): CurrentTask | undefined {
  const address = rq.pointer('curr')
  if (address === 0n) return undefined
  const task = kernel.struct('task_struct', address)
  return {
    address,
    ...readTaskName(kernel, address),
    schedClass: classOf(kernel, task.pointer('sched_class')),
    scheduler: task.has('scx.sched') ? task.pointer('scx.sched') : undefined,
    isIdle: address === rq.pointer('idle'),
  }
}

function readExt(
  context: RunqueueContext,
  cpu: number,
  rq: StructReader,
  current: bigint | undefined,
): ExtRunqueueFacts | undefined {
  const { kernel, absences, reader } = context
  if (!rq.has('scx') || kernel.layouts.find('scx_rq') === undefined)
    return absences.lacks('scx_rq', 'the kernel has no rq.scx: it is built without sched_ext')
  const scx = kernel.struct('scx_rq', rq.at('scx'))
  const optional = (...names: string[]) => (scx.has(...names) ? scx.integer(...names) : undefined)
  const released = optional('cpu_released')
  // Since Linux 7.1.
  const immediate = optional('nr_immed')
  return {
    runnableTasks: scx.number('nr_running'),
    flags: flagNames(kernel, 'scx_rq_flags', scx.integer('flags')),
    cpuReleased: released === undefined ? undefined : released !== 0n,
    clock: optional('clock'),
    opsSequence: optional('ops_qseq'),
    // pnt_seq until Linux 6.18.
    kickSync: optional('kick_sync', 'pnt_seq'),
    immediateTasks: immediate === undefined ? undefined : Number(immediate),
    rescue: context.problems.attempt(`rescue of CPU ${cpu}`, () => readRescue(kernel, scx)),
    kicks: readKicks(context, cpu, scx),
    runnable: readRunnable(context, cpu, scx.at('runnable_list'), current),
    deferred: scx.has('ddsp_deferred_locals')
      ? reader.listed(`deferred dispatches of CPU ${cpu}`, scx.at('ddsp_deferred_locals'))
      : noneOf(context),
  }
}

function readRescue(kernel: Kernel, scx: StructReader): Rescue | undefined {
  if (!scx.has('rescue.budget')) return undefined
  const address = scx.pointer('rescue.curr')
  const task = address === 0n ? undefined : { address, ...readTaskName(kernel, address) }
  return { task, budget: scx.integer('rescue.budget') }
}

/** cpus_to_sync since Linux 6.19. */
const kickMasks = ['cpus_to_kick', 'cpus_to_kick_if_idle', 'cpus_to_preempt', 'cpus_to_wait', 'cpus_to_sync']

/** The masks are in scx_rq, or (as far as they are per scheduler) in each scheduler's scx_sched_pcpu. */
function readKicks(context: RunqueueContext, cpu: number, scx: StructReader): Record<string, string> {
  const { kernel, problems, kickers } = context
  const kicks: Record<string, string> = {}
  const perScheduler = kernel.layouts.find('scx_sched_pcpu')
  for (const name of kickMasks) {
    const mask = problems.attempt(`${name} of CPU ${cpu}`, () => {
      if (scx.has(name)) return readMaskAt(kernel, scx.layout, scx.address, name)
      if (perScheduler === undefined || !perScheduler.has(name)) return undefined
      const all = new Set<number>()
      for (const scheduler of kickers()) {
        const base = kernel.struct('scx_sched', scheduler).pointer('pcpu')
        if (base === 0n) continue
        for (const one of readMaskAt(kernel, perScheduler, kernel.cpus.address(base, cpu), name) ?? [])
          all.add(one)
      }
      return [...all].toSorted((a, b) => a - b)
    })
    if (mask !== undefined) kicks[name] = cpuList(mask)
  }
  return kicks
}

function readRunnable(
  context: SchedContext,
  cpu: number,
  head: bigint,
  current: bigint | undefined,
): Found<WaitingTask> {
  const { kernel, jiffies } = context
  const entity = kernel.layouts.get('sched_ext_entity')
  const offset = entity.offset('runnable_node') + kernel.layouts.get('task_struct').offset('scx')
  const where = `runnable_list of CPU ${cpu}`
  return Found.by(context.problems, (problems) =>
    gather({ ...context, problems }, where, (sink) =>
      entries(listNodes(kernel, head, sink, where), offset),
    ).flatMap((address) => {
      const task = problems.attempt(`${where}, task at ${hex(address)}`, (): WaitingTask => {
        const reader = kernel.struct('task_struct', address)
        const stamp = reader.integer('scx.runnable_at')
        return {
          address,
          ...readTaskName(kernel, address),
          cpu,
          isCurrent: address === current,
          waitingMs: stamp === 0n ? undefined : jiffies?.millisecondsSince(stamp),
          queueAddress: reader.pointer('scx.dsq'),
          scheduler: reader.has('scx.sched') ? reader.pointer('scx.sched') : undefined,
        }
      })
      return task === undefined ? [] : [task]
    }),
  )
}
