import { listMaps } from '../bpf/map-info.js'
import { listPrograms } from '../bpf/program.js'
import { type SchedulerObject, schedulerObjects } from '../bpf/programs/scheduler-objects.js'
import { Problems } from '../problems.js'
import type { SchedContext } from './context.js'

export type { SchedulerObject }

/**
 * The BPF objects that schedulers are made of, the likeliest to be running first: their struct_ops map, programs and
 * maps, with the evidence.
 */
export function readSchedulerObjects({ kernel, gathering }: SchedContext): SchedulerObject[] {
  if (['map_idr', 'prog_idr', 'link_idr'].some((name) => kernel.findSymbol(name) === undefined)) {
    gathering.lacks('scheduler objects', 'the kernel has no BPF maps, programs and links to look at')
    return []
  }
  const problems = new Problems()
  const found = gathering.attempt('scheduler objects', () =>
    schedulerObjects(kernel, listMaps(kernel, problems), listPrograms(kernel, problems), problems),
  )
  for (const { where, why } of problems.list) gathering.problem(`scheduler objects, ${where}`, why)
  return found ?? []
}
