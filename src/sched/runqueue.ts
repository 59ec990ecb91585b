import { isHeld } from '../kernel/spinlock.js'
import type { StructReader } from '../kernel/struct-reader.js'
import { entries, listNodes } from '../kernel/walk/list.js'
import { cpuList } from '../value/mask.js'
import { gather, hex, type SchedContext } from './context.js'
import { readMaskAt } from './cpu-mask.js'
import { type QueuedTask, type QueueReader, runqueueLocks } from './dispatch-queue.js'
import { flagNames } from './flags.js'
import { classOf } from './sched-class.js'
import { readTaskName } from './task-name.js'

/** A runqueue (struct rq, kernel/sched/sched.h). */
export interface Runqueue {
  readonly cpu: number
  readonly address: bigint
  readonly current: CurrentTask | undefined
  /** Tasks of all classes, the running one included. */
  readonly runnableTasks: number
  /** Its lock is held: the guest stopped while it was being changed, and lists and counts may differ. */
  readonly changing: boolean
  /** rq_clock: nanoseconds, as old as the last update. */
  readonly clock: bigint
  readonly online: boolean | undefined
  readonly switches: bigint | undefined
  readonly schedExt: ExtRunqueue | undefined
}

export interface CurrentTask {
  readonly address: bigint
  readonly pid: number
  readonly name: string
  readonly schedClass: string | undefined
  readonly isIdle: boolean
}

/** The part of a runqueue that is sched_ext's (struct scx_rq). */
export interface ExtRunqueue {
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
  readonly runnable: readonly WaitingTask[]
  /** Tasks whose direct dispatch to another CPU waits for this CPU's lock to be free. */
  readonly deferred: readonly QueuedTask[]
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
}

export function readRunqueues(context: SchedContext, reader: QueueReader): Runqueue[] {
  const { kernel, gathering } = context
  const runqueues = kernel.findSymbol('runqueues')
  if (runqueues === undefined || kernel.layouts.find('rq') === undefined) {
    gathering.lacks('runqueues', 'the kernel has no per-CPU runqueues, or no struct rq in its BTF')
    return []
  }
  return kernel.cpus.possible.flatMap((cpu) => {
    const address = kernel.cpus.address(runqueues, cpu)
    const found = gathering.attempt(`rq of CPU ${cpu}`, () => readRunqueue(context, reader, cpu, address))
    return found === undefined ? [] : [found]
  })
}

function readRunqueue(context: SchedContext, reader: QueueReader, cpu: number, address: bigint): Runqueue {
  const { kernel, gathering } = context
  const rq = kernel.struct('rq', address)
  const current = gathering.attempt(`rq of CPU ${cpu}, curr`, () => currentOf(context, rq))
  return {
    cpu,
    address,
    current,
    runnableTasks: rq.number('nr_running'),
    changing: isHeld(rq, ...runqueueLocks),
    clock: rq.integer('clock'),
    online: rq.has('online') ? rq.number('online') !== 0 : undefined,
    switches: rq.has('nr_switches') ? rq.integer('nr_switches') : undefined,
    schedExt: gathering.attempt(`scx_rq of CPU ${cpu}`, () =>
      readExt(context, reader, cpu, rq, current?.address),
    ),
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
    isIdle: address === rq.pointer('idle'),
  }
}

function readExt(
  context: SchedContext,
  reader: QueueReader,
  cpu: number,
  rq: StructReader,
  current: bigint | undefined,
): ExtRunqueue | undefined {
  const { kernel, gathering } = context
  if (!rq.has('scx') || kernel.layouts.find('scx_rq') === undefined)
    return gathering.lacks('scx_rq', 'the kernel has no rq.scx: it is built without sched_ext')
  const scx = kernel.struct('scx_rq', rq.at('scx'))
  const optional = (...names: string[]) => (scx.has(...names) ? scx.integer(...names) : undefined)
  const released = optional('cpu_released')
  const immediate = optional('nr_immed')
  return {
    runnableTasks: scx.number('nr_running'),
    flags: flagNames(kernel, 'scx_rq_flags', scx.integer('flags')),
    cpuReleased: released === undefined ? undefined : released !== 0n,
    clock: optional('clock'),
    opsSequence: optional('ops_qseq'),
    kickSync: optional('kick_sync', 'pnt_seq'),
    immediateTasks: immediate === undefined ? undefined : Number(immediate),
    kicks: readKicks(context, cpu, scx),
    runnable: readRunnable(context, cpu, scx.at('runnable_list'), current),
    deferred: scx.has('ddsp_deferred_locals')
      ? reader.listed(`deferred dispatches of CPU ${cpu}`, scx.at('ddsp_deferred_locals'))
      : [],
  }
}

const kickMasks = ['cpus_to_kick', 'cpus_to_kick_if_idle', 'cpus_to_preempt', 'cpus_to_wait', 'cpus_to_sync']

/** The masks are in scx_rq, or (as far as they are per scheduler) in the root's scx_sched_pcpu. */
function readKicks(context: SchedContext, cpu: number, scx: StructReader): Record<string, string> {
  const { kernel, gathering } = context
  const kicks: Record<string, string> = {}
  const perScheduler = kernel.layouts.find('scx_sched_pcpu')
  for (const name of kickMasks) {
    const mask = gathering.attempt(`${name} of CPU ${cpu}`, () => {
      if (scx.has(name)) return readMaskAt(kernel, scx.layout, scx.address, name)
      if (perScheduler === undefined || !perScheduler.has(name)) return undefined
      const root = kernel.space.u64(kernel.symbol('scx_root'))
      const base = root === 0n ? 0n : kernel.struct('scx_sched', root).pointer('pcpu')
      if (base === 0n) return undefined
      return readMaskAt(kernel, perScheduler, kernel.cpus.address(base, cpu), name)
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
): WaitingTask[] {
  const { kernel, jiffies, gathering } = context
  const entity = kernel.layouts.get('sched_ext_entity')
  const offset = entity.offset('runnable_node') + kernel.layouts.get('task_struct').offset('scx')
  const where = `runnable_list of CPU ${cpu}`
  return gather(context, where, (problems) =>
    entries(listNodes(kernel, head, problems, where), offset),
  ).flatMap((address) => {
    const task = gathering.attempt(`${where}, task at ${hex(address)}`, (): WaitingTask => {
      const stamp = kernel.struct('task_struct', address).integer('scx.runnable_at')
      return {
        address,
        ...readTaskName(kernel, address),
        cpu,
        isCurrent: address === current,
        waitingMs: stamp === 0n ? undefined : jiffies?.millisecondsSince(stamp),
      }
    })
    return task === undefined ? [] : [task]
  })
}
