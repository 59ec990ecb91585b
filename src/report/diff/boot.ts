import type { ReportHead } from '../document.js'

/** The clock may be set while a machine runs, and time passes between two looks at its parts. */
const apart = 2_000

/** Whether two reports are of one machine that was not started anew between them. */
export function isSameBoot(before: ReportHead, after: ReportHead): boolean {
  const same = (fact: string): boolean => factOf(before, fact) === factOf(after, fact)
  if (!same('release') || !same('kernelOffset') || !same('buildId')) return false
  const starts = [bootTime(before), bootTime(after)]
  if (starts[0] !== undefined && starts[1] !== undefined) return Math.abs(starts[0] - starts[1]) <= apart
  const init = (head: ReportHead): unknown => head.tasks.find(({ pid }) => pid === 1)?.startTime
  return init(before) === init(after)
}

export function factOf(head: ReportHead, name: string): unknown {
  return head.environment?.facts.find(({ fact }) => fact === name)?.value
}

/** Milliseconds since 1970. */
function bootTime({ time }: ReportHead): number | undefined {
  if (time === null || time.clocks === null) return undefined
  return (Number(time.clocks.realtime) - Number(time.clocks.boottime)) / 1e6
}
