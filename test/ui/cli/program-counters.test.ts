import { describe, expect, it } from 'vitest'
import { missRate, timePerRun } from '../../../src/bpf/programs/statistics.js'
import { missedText, runsText } from '../../../src/ui/cli/program-counters.js'
import { program } from '../support/program.js'

const counters = (
  counts: { runCount?: bigint; runTime?: bigint; recursionMisses?: bigint },
  countsRuns: boolean | undefined = true,
) => {
  const { runCount, runTime, recursionMisses } = counts
  const info = { ...program, runCount, runTime, recursionMisses }
  return { ...info, countsRuns, timePerRun: timePerRun(info), missRate: missRate(info) }
}

describe('the counters of a program in words', () => {
  it.each([
    [{ runCount: 4n, runTime: 10_000n, recursionMisses: 0n }, true, '4 in 10 us, 2.5 us each', 'none'],
    [
      { runCount: 3n, runTime: 9n, recursionMisses: 1n },
      true,
      '3 in 9 ns, 3 ns each',
      '1 (25 %) because it was running already',
    ],
    [
      { runCount: 1n, runTime: 3_000_000_000n, recursionMisses: 0n },
      false,
      '1 in 3 s, 3 s each; no longer counted: kernel.bpf_stats_enabled is 0',
      'none',
    ],
    [{ runCount: 0n, runTime: 0n, recursionMisses: 0n }, true, 'none counted', 'none'],
    [
      { runCount: 0n, runTime: 0n, recursionMisses: 7n },
      false,
      'not counted: kernel.bpf_stats_enabled is 0',
      '7 because it was running already',
    ],
    [{}, true, 'this program has no counters', 'this program has no counters'],
  ])('%o, counting %s: %s', (counts, countsRuns, runs, missed) => {
    const all = counters(counts, countsRuns)
    expect([runsText(all), missedText(all)]).toEqual([runs, missed])
  })
})
