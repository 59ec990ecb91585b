import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { hex, type SchedContext } from './context.js'

/** A task's cgroup in the unified hierarchy. */
export interface TaskCgroup {
  readonly address: bigint
  /** As /proc/PID/cgroup shows it after "0::"; undefined where a part of it cannot be read. */
  readonly path: string | undefined
  /** cgroup.freeze is set, here or above. */
  readonly isFrozen: boolean | undefined
}

/** KERNFS paths end at PATH_MAX; no file system nests deeper. */
const depthLimit = 2048
const nameLimit = 256

export function readCgroup(
  { kernel, problems, absences }: SchedContext,
  task: bigint,
): TaskCgroup | undefined {
  const layout = kernel.layouts.find('task_struct')
  if (!layout?.has('cgroups') || kernel.layouts.find('css_set') === undefined)
    return absences.lacks('cgroups', 'task_struct.cgroups or struct css_set is missing: no cgroups here')
  return problems.attempt(`cgroup of the task at ${hex(task)}`, () => {
    const set = kernel.struct('task_struct', task).pointer('cgroups')
    const address = set === 0n ? 0n : kernel.struct('css_set', set).pointer('dfl_cgrp')
    if (address === 0n) return undefined
    const cgroup = kernel.struct('cgroup', address)
    const isFrozen = cgroup.has('freezer.e_freeze') ? cgroup.number('freezer.e_freeze') !== 0 : undefined
    const path = problems.attempt(`path of the cgroup at ${hex(address)}`, () =>
      pathOf(kernel, cgroup.pointer('kn')),
    )
    return { address, path, isFrozen }
  })
}

/** Names of a kernfs node and of those above it, without the root's. Throws where one cannot be read, or they go round. */
function pathOf(kernel: Kernel, leaf: bigint): string {
  const names: string[] = []
  const seen = new Set<bigint>()
  for (let node = leaf; node !== 0n; ) {
    if (seen.has(node) || seen.size === depthLimit)
      throw new CryoscopeError('unreadable', `it goes round at ${hex(node)}`)
    seen.add(node)
    const kn = kernel.struct('kernfs_node', node)
    // __parent since Linux 6.15.
    const parent = kn.pointer('__parent', 'parent')
    if (parent !== 0n) names.unshift(kernel.space.text(kn.pointer('name'), nameLimit))
    node = parent
  }
  return `/${names.join('/')}`
}
