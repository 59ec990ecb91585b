import type { Program } from '../../bpf/programs/program-object.js'
import { nanosecondsText } from '../../units.js'

type Counters = Pick<
  Program,
  'runCount' | 'runTime' | 'recursionMisses' | 'timePerRun' | 'missRate' | 'countsRuns'
>

const off = 'kernel.bpf_stats_enabled is 0'

/** "434 in 21.3 ms, 49.1 us each". */
export function runsText({ runCount, runTime, timePerRun, countsRuns }: Counters): string {
  if (runCount === undefined || runTime === undefined) return 'this program has no counters'
  if (timePerRun === undefined) return countsRuns === false ? `not counted: ${off}` : 'none counted'
  const each = nanosecondsText(BigInt(Math.round(timePerRun)))
  const counted = `${runCount} in ${nanosecondsText(runTime)}, ${each} each`
  return countsRuns === false ? `${counted}; no longer counted: ${off}` : counted
}

/** "3 (25 %) because it was running already". The share is of counted runs, so it is left out where runs are not counted. */
export function missedText({ recursionMisses, missRate, runCount }: Counters): string {
  if (recursionMisses === undefined) return 'this program has no counters'
  if (recursionMisses === 0n) return 'none'
  const share = missRate === undefined || !runCount ? '' : ` (${(missRate * 100).toPrecision(2)} %)`
  return `${recursionMisses}${share} because it was running already`
}
