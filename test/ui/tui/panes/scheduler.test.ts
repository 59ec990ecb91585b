import { describe, expect, it } from 'vitest'
import { Sched } from '../../../../src/sched/sched.js'
import type { Desk } from '../../../../src/ui/tui/model/desk.js'
import { Rates } from '../../../../src/ui/tui/model/rates.js'
import type { Content } from '../../../../src/ui/tui/model/row.js'
import { runqueueView, schedulerView } from '../../../../src/ui/tui/panes/scheduler.js'
import { SchedGuest } from '../../../sched/sched-guest.js'

/** CPU 2 rescues a task of a sub-scheduler; CPU 0 nobody. */
function deskOfRescue(): { desk: Desk; rescued: bigint } {
  const guest = new SchedGuest('late')
  guest.addTask(8, { 'scx.sched': guest.addSubScheduler('for_jobs', '/jobs') })
  const at = guest.member(guest.rq(2), 'rq', 'scx.rescue')
  guest.objects.set('scx_rq_rescue', at, { curr: guest.task(8), budget: -1_500_000n })
  const vm = { sched: new Sched(guest.kernel()) }
  return { desk: { vm, rates: new Rates() } as unknown as Desk, rescued: guest.task(8) }
}

function rowsOf(content: Content) {
  const { rows } = content
  return Array.from({ length: rows.length }, (_, i) => rows.at(i))
}

describe('a runqueue', () => {
  it('says in its row whom it rescues, and only there', () => {
    const content = schedulerView(deskOfRescue().desk).load(new Set()) as Content
    const cells = rowsOf(content).flatMap((row) => (row?.target?.kind === 'runqueue' ? [row.cells] : []))
    expect(cells.map(([name, , more]) => [name, /rescues.*/.exec(more ?? '')?.[0]])).toEqual([
      ['CPU 0', undefined],
      ['CPU 2', 'rescues task-8 (8)'],
    ])
  })

  it('leads from its page to the task that it rescues', () => {
    const { desk, rescued } = deskOfRescue()
    const page = (cpu: number) => {
      const isStructClosed = new Set([`-rq:${cpu} rq of CPU ${cpu}/struct`])
      const content = runqueueView(desk, { kind: 'runqueue', cpu }).load(isStructClosed) as Content
      return rowsOf(content).find((row) => row?.cells[0] === 'rescued')
    }
    expect(page(2)).toMatchObject({
      cells: ['rescued', 'task-8 (8), for which its scheduler lacks capabilities', expect.anything()],
      target: { kind: 'task', pid: 8, address: rescued },
    })
    expect(page(0)).toBeUndefined()
  })
})
