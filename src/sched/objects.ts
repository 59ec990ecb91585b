import { listMaps } from '../bpf/map-info.js'
import { listPrograms } from '../bpf/program.js'
import { type SchedulerObject, schedulerObjects } from '../bpf/programs/scheduler-objects.js'
import { Found } from '../found.js'
import type { SchedContext } from './context.js'

export type { SchedulerObject }

/**
 * The BPF objects that schedulers are made of, the likeliest to be running first: their struct_ops map, programs and
 * maps, with the evidence.
 */
export function readSchedulerObjects({ kernel, problems, absences }: SchedContext): Found<SchedulerObject> {
  if (['map_idr', 'prog_idr', 'link_idr'].some((name) => kernel.findSymbol(name) === undefined)) {
    absences.lacks('scheduler objects', 'the kernel has no BPF maps, programs and links to look at')
    return Found.all([])
  }
  return Found.by(
    problems,
    (part) =>
      part.attempt('scheduler objects', () =>
        schedulerObjects(kernel, listMaps(kernel, part), listPrograms(kernel, part), part),
      ) ?? [],
  )
}
