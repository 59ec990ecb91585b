import { expect } from 'vitest'
import type { Session } from '../../../src/session/session.js'
import type { Comparison } from './demo-guest.js'

/** Stacks of sleeping tasks against /proc/PID/stack. */
export const stackComparisons: readonly Comparison[] = [
  [
    'unwinds the stacks of tasks as /proc shows them',
    ({ session, truth }) => compareTaskStacks(session, truth.text('tasks/stacks')),
  ],
]

/** `shown` has "== /proc/PID/stack" before each. User tasks must agree; of kernel threads some have moved on. */
export function compareTaskStacks(session: Session, shown: string): void {
  let compared = 0
  for (const part of shown.split('== /proc/').slice(1)) {
    const [head = '', ...lines] = part.split('\n')
    const pid = Number.parseInt(head, 10)
    const theirs = lines
      .filter((line) => line.startsWith('[<'))
      .map((line) => line.replace(/^\[<0>\] /, '').replace(/\/0x[0-9a-f]+$/, ''))
    const task = session.tasks.find((candidate) => candidate.pid === pid)
    if (task === undefined || task.isRunning || !'SID'.includes(task.state) || theirs.length === 0) continue
    // The load moves on between the two.
    if (task.name.startsWith('demo_')) continue
    const { frames, method, problem } = session.sched.stack(pid)
    const ours = frames
      .map(({ symbol }) => symbol ?? '')
      .filter((symbol) => !/^(__)?schedule(\+|$)/.test(symbol))
    expect({ pid, method, problem }).toEqual({ pid, method: 'orc', problem: undefined })
    if (ours.join() === theirs.join()) compared++
    else expect(task.isKernelThread, `${task.name}: ${ours} is not ${theirs}`).toBe(true)
  }
  expect(compared).toBeGreaterThan(40)
}
