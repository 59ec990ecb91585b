import { describe, expect, it } from 'vitest'
import type { Desk } from '../../../../src/ui/tui/model/desk.js'
import { Rates } from '../../../../src/ui/tui/model/rates.js'
import { pulseContent } from '../../../../src/ui/tui/panes/pulse.js'

const part = { atLeast: 0, why: 'runqueue of CPU 1: not readable' }
const waits = { pid: 7, name: 'late', address: 1n, waitingMs: 1500, isCurrent: false }

/** What is said of who waits longest. */
function longest(waiting: number | typeof part | null, runnable: readonly object[]): string | undefined {
  const runqueues = [{ cpu: 0, current: undefined, runnableTasks: 0, schedExt: { runnable } }]
  const vm = { sched: { snapshot: () => ({ runqueues, queues: [], counts: { waiting } }) }, progs: [] }
  const { rows } = pulseContent({ vm, rates: new Rates() } as unknown as Desk)
  const all = Array.from({ length: rows.length }, (_, n) => rows.at(n))
  return all.find((row) => row?.cells[0] === 'longest wait')?.cells[1]
}

describe('who waits longest, while a guest runs', () => {
  it('is nobody only where all runqueues were read', () => {
    expect(longest(0, [])).toBe('nobody waits')
    for (const count of [part, null]) expect(longest(count, [])).toBe('not known: not all could be read')
  })

  it('is a bound where some were not', () => {
    expect(longest(1, [waits])).toBe('1.5 s, late (7)')
    expect(longest({ ...part, atLeast: 1 }, [waits])).toBe('at least 1.5 s, late (7)')
  })
})
