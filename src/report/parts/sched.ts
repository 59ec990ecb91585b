import type { CpuTime } from '../../sched/cpu-time.js'
import type { Schedstat } from '../../sched/domains.js'
import type { NumaNode } from '../../sched/numa.js'
import type { Sched, SchedState } from '../../sched/sched.js'
import { type Plain, plain } from '../plain.js'
import type { SectionNotes } from '../sections.js'

/** sched_ext and the runqueues, as `cryoscope sched --json` has it. */
export type ReportSched = Plain<Omit<SchedState, 'problems'>>

export function schedOf(state: SchedState, notes: SectionNotes): ReportSched {
  const { problems, ...rest } = state
  for (const { where, why } of problems) notes.lost('sched', where, why)
  for (const { group, reason } of state.absent) notes.note('absent', group, reason)
  notes.obtained = state.runqueues.length
  return plain(rest)
}

export function readDomains(sched: Sched, notes: SectionNotes): Plain<Schedstat>[] {
  return reading(sched, notes, () => sched.schedstats)
}

export function readCpuTime(sched: Sched, notes: SectionNotes): Plain<CpuTime>[] {
  return reading(sched, notes, () => sched.cpuTimes)
}

export function readNumaNodes(sched: Sched, notes: SectionNotes): Plain<NumaNode>[] {
  return reading(sched, notes, () => sched.numa)
}

/** What a reader of its own finds; what the kernel does not keep makes the section unavailable. */
function reading<T>(sched: Sched, notes: SectionNotes, read: () => readonly T[]): Plain<T>[] {
  const found = read()
  for (const { where, why } of sched.problems) notes.lost('sched', where, why)
  const [absent] = sched.absent.filter(({ group }) => group !== 'jiffies' && group !== 'HZ')
  if (absent !== undefined) {
    if (found.length === 0) notes.unavailable('absent', absent.reason)
    else notes.note('absent', absent.group, absent.reason)
  }
  return found.map((item) => plain(item))
}
