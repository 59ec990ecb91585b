import type { Problems } from '../problems.js'
import type { Kernel } from './kernel.js'
import { entries, listNodes } from './walk/list.js'

/** What schedulers give the kernel, and what struct scx_sched calls its copy: in Linux 7.3 some number CPUs as cids. */
export const schedulerOperations: Readonly<Record<string, 'ops' | 'ops_cid'>> = {
  sched_ext_ops: 'ops',
  sched_ext_ops_cid: 'ops_cid',
}

/** More are broken lists. */
const schedulerLimit = 65_536

/**
 * The scx_sched objects (kernel/sched/ext_internal.h), the root first: since Linux 7.1 schedulers of cgroups stand below it
 * on scx_sched_all. Empty without a scheduler, and on kernels that keep it in static variables.
 */
export function loadedSchedulers(kernel: Kernel, problems: Problems): bigint[] {
  const root = kernel.findSymbol('scx_root')
  if (root === undefined) return []
  const layout = problems.attempt('scx_root', () => kernel.layouts.get('scx_sched'))
  if (layout === undefined) return []
  const found = new Set<bigint>()
  const first = problems.attempt('scx_root', () => kernel.space.u64(root))
  if (first !== undefined && first !== 0n) found.add(first)
  const all = kernel.findSymbol('scx_sched_all')
  if (all !== undefined && layout.has('all')) {
    problems.attempt('scx_sched_all', () => {
      for (const address of entries(
        listNodes(kernel, all, problems, 'scx_sched_all'),
        layout.offset('all'),
      )) {
        if (found.size >= schedulerLimit) return
        found.add(address)
      }
    })
  }
  return [...found]
}

/** Which operations a scx_sched has: its type and its place in it. */
export function operationsOf(
  kernel: Kernel,
  scheduler: bigint,
): { readonly type: string; readonly at: bigint } {
  const sched = kernel.struct('scx_sched', scheduler)
  const isCid = sched.has('is_cid_type') && sched.number('is_cid_type') !== 0
  const type = isCid ? 'sched_ext_ops_cid' : 'sched_ext_ops'
  return { type, at: sched.at(schedulerOperations[type] as string) }
}
