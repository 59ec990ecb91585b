import { CryoscopeError } from '../errors.js'
import type { Found } from '../found.js'
import { foundBy, hex, noneOf, possibleCpus, type SchedContext } from './context.js'
import { schedulerAddresses } from './schedulers.js'

/** One event counter of sched_ext, by the kernel's name for it (struct scx_event_stats). */
export interface EventCounter {
  readonly name: string
  /** Over all CPUs, as /sys/kernel/sched_ext/root/events has it. */
  readonly total: bigint
  readonly cpus: readonly { readonly cpu: number; readonly value: bigint }[]
}

export interface SchedulerEvents {
  /** Address of the scx_sched; 0n where the counters are global. */
  readonly scheduler: bigint
  readonly counters: readonly EventCounter[]
}

/** Counters of every scheduler. What a kernel does not count is not in the list. */
export function readEvents(context: SchedContext): Found<SchedulerEvents> {
  const { kernel, absences } = context
  if (kernel.layouts.find('scx_event_stats') === undefined) {
    absences.lacks('events', 'the kernel has no struct scx_event_stats')
    return noneOf(context)
  }
  return foundBy(context, (within) => {
    const { problems } = within
    const schedulers = schedulerAddresses(within)
    const global = kernel.findSymbol('event_stats_cpu')
    if (schedulers.length === 0 && global !== undefined)
      return [{ scheduler: 0n, counters: counters(within, global) }]
    return schedulers.flatMap((scheduler) => {
      const base = problems.attempt(`events of ${hex(scheduler)}`, () => statsOf(within, scheduler))
      return base === undefined ? [] : [{ scheduler, counters: counters(within, base) }]
    })
  })
}

/** The per-CPU pointer to the counters: in scx_sched_pcpu since Linux 6.17, in 6.16 the scheduler's own, before that a global. */
function statsOf({ kernel, absences }: SchedContext, scheduler: bigint): bigint | undefined {
  const sched = kernel.struct('scx_sched', scheduler)
  const within = kernel.layouts.find('scx_sched_pcpu')?.find('event_stats')
  if (sched.has('pcpu') && within !== undefined) return notNull(sched.pointer('pcpu')) + BigInt(within.offset)
  if (sched.has('event_stats_cpu')) return notNull(sched.pointer('event_stats_cpu'))
  return absences.lacks('events', 'scx_sched has neither pcpu with event_stats nor event_stats_cpu')
}

/** Null as a per-CPU pointer would lead to other variables of each CPU. */
function notNull(pointer: bigint): bigint {
  if (pointer === 0n) throw new CryoscopeError('unreadable', 'it has no counters: their pointer is null')
  return pointer
}

function counters(context: SchedContext, base: bigint): EventCounter[] {
  const { kernel, problems } = context
  const layout = kernel.layouts.get('scx_event_stats')
  const possible = possibleCpus(context)
  return layout.type.members.flatMap(({ name }) => {
    const cpus = possible.flatMap((cpu) => {
      const value = problems.attempt(`${name} of CPU ${cpu}`, () =>
        kernel.struct('scx_event_stats', kernel.cpus.address(base, cpu)).integer(name),
      )
      return value === undefined ? [] : [{ cpu, value }]
    })
    // A sum over some of the CPUs would be a wrong number.
    if (cpus.length !== possible.length || possible.length === 0) return []
    return [{ name, total: cpus.reduce((sum, { value }) => sum + value, 0n), cpus }]
  })
}
