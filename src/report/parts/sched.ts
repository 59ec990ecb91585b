import {
  type CpuTimeJson,
  cpuTimeJson,
  type NumaJson,
  numaJson,
  type SchedJson,
  type SchedstatJson,
  schedJson,
  schedstatJson,
} from '../../contract/sched.js'
import type { Sched, SchedState } from '../../sched/sched.js'
import type { SectionNotes } from '../sections.js'

/** sched_ext and the runqueues, as `cryoscope sched --json` has it. */
export type ReportSched = Omit<SchedJson, 'problems'>

export function schedOf(state: SchedState, notes: SectionNotes): ReportSched {
  const { problems, ...rest } = schedJson(state)
  for (const { where, why } of problems) notes.lost('sched', where, why)
  for (const absence of state.absent) notes.lacks(absence)
  notes.obtained = state.runqueues.length
  return rest
}

export function readDomains(sched: Sched, notes: SectionNotes): SchedstatJson[] {
  return reading(sched, notes, () => sched.schedstats).map(schedstatJson)
}

export function readCpuTime(sched: Sched, notes: SectionNotes): CpuTimeJson[] {
  return reading(sched, notes, () => sched.cpuTimes).map(cpuTimeJson)
}

export function readNumaNodes(sched: Sched, notes: SectionNotes): NumaJson[] {
  return reading(sched, notes, () => sched.numa).map(numaJson)
}

/** What a reader of its own finds; what the kernel does not keep makes the section unavailable. */
function reading<T>(sched: Sched, notes: SectionNotes, read: () => readonly T[]): readonly T[] {
  const found = read()
  for (const { where, why } of sched.problems) notes.lost('sched', where, why)
  const [absent] = sched.absent.filter(({ group }) => group !== 'jiffies' && group !== 'HZ')
  if (absent !== undefined) {
    if (found.length === 0) notes.unavailable('absent', absent.reason)
    else notes.lacks(absent)
  }
  return found
}
