import type { Kernel } from '../../kernel/kernel.js'
import type { BpfProgram } from '../program.js'

/**
 * Whether the kernel counts runs and their time: the static key that kernel.bpf_stats_enabled and BPF_ENABLE_STATS
 * raise. Undefined when the key cannot be read. Missed runs are counted always.
 */
export function countsRuns(kernel: Kernel): boolean | undefined {
  const key = kernel.findSymbol('bpf_stats_enabled_key')
  if (key === undefined) return undefined
  return kernel.problems.attempt(
    'bpf_stats_enabled_key',
    () => kernel.struct('static_key', key).integer('enabled') > 0n,
  )
}

/** The counters of a program that has them. */
export interface Counters {
  readonly runCount: bigint
  readonly runTime: bigint
  readonly recursionMisses: bigint
}

export function hasCounters<P extends BpfProgram>(program: P): program is P & Counters {
  return program.runCount !== undefined
}

/** Nanoseconds of one run; undefined when none was counted. */
export function timePerRun({ runCount, runTime }: BpfProgram): number | undefined {
  if (runCount === undefined || runTime === undefined || runCount === 0n) return undefined
  return Number(runTime) / Number(runCount)
}

/** Share of the runs that were skipped since the program ran already, 0 to 1; undefined before the first counted one. */
export function missRate({ runCount, recursionMisses }: BpfProgram): number | undefined {
  if (runCount === undefined || recursionMisses === undefined) return undefined
  const all = runCount + recursionMisses
  return all === 0n ? undefined : Number(recursionMisses) / Number(all)
}
