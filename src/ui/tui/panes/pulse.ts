import { quietly } from '../../../errors.js'
import { taskText } from '../../../present/columns/column.js'
import { waitingRows } from '../../../present/columns/sched.js'
import type { SchedState } from '../../../sched/sched.js'
import { escapeText } from '../../../text.js'
import { durationText } from '../../../units.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Content, type Row } from '../model/row.js'
import { sparkline } from '../model/sparkline.js'
import type { Target } from '../model/target.js'

/** Programs that are shown, the busiest first. */
const programsShown = 5

/**
 * A guest that runs, in figures with how they went: who is on each CPU, how deep queues are, who waits longest, how often programs
 * run. Each figure is of its own moment: the guest goes on while it is read.
 */
export function pulseContent(desk: Desk): Content {
  const state = desk.vm.sched.snapshot()
  return {
    columns: [
      { title: 'WHAT', tone: 'name', identifies: true },
      { title: 'NOW' },
      { title: 'LAST LOOKS', rigid: true },
    ],
    rows: new ArrayRows([
      ...cpuPulses(desk, state),
      ...queuePulses(desk, state),
      ...waitPulse(desk, state),
      ...programPulses(desk),
    ]),
    empty: 'Nothing of this guest can be read while it runs.',
    note: 'freeze it (f) to see it whole',
  }
}

/** Who is on each CPU; of a guest that stands still the vCPUs tell more. */
export function cpuPulses({ rates }: Desk, { runqueues }: Pick<SchedState, 'runqueues'>): Row[] {
  return runqueues.map(({ cpu, current, runnableTasks }) => ({
    id: `pulse/cpu-${cpu}`,
    cells: [
      `CPU ${cpu}`,
      escapeText(`${taskText(current)}, ${runnableTasks} ready`),
      sparkline(rates.trail(`ready:${cpu}`, runnableTasks)),
    ],
    sort: [cpu, runnableTasks, ''],
    target: { kind: 'runqueue', cpu },
    inert: true,
  }))
}

/** Queues that have or had tasks lately. */
function queuePulses({ rates }: Desk, { queues }: SchedState): Row[] {
  return queues.flatMap(({ address, name, depth }) => {
    const trail = rates.trail(`dsq:${address}`, depth)
    if (trail.every((figure) => figure === 0)) return []
    return [pulse(`dsq-${address}`, `DSQ ${name}`, `${depth} deep`, trail, { kind: 'queue', address, name })]
  })
}

function waitPulse({ rates }: Desk, state: SchedState): Row[] {
  // The longest first.
  const [longest] = waitingRows(state)
  const isKnown = typeof state.counts.waiting === 'number'
  const trail = rates.trail('waiting', longest?.waitingMs ?? (isKnown ? 0 : undefined))
  if (longest === undefined) {
    const said = isKnown ? 'nobody waits' : 'not known: not all could be read'
    return [pulse('waiting', 'longest wait', said, trail)]
  }
  const { pid, name, address, waitingMs } = longest
  const since = waitingMs === undefined ? '-' : `${isKnown ? '' : 'at least '}${durationText(waitingMs)}`
  return [
    pulse('waiting', 'longest wait', `${since}, ${name} (${pid})`, trail, { kind: 'task', pid, address }),
  ]
}

function programPulses({ vm, rates }: Desk): Row[] {
  const running = (quietly(() => vm.progs) ?? []).flatMap(({ id, name, runCount, runTime }) => {
    if (runCount === undefined || runTime === undefined) return []
    const rate = rates.note(`prog:${id}`, [runCount, runTime])?.[0]
    const trail = rates.trail(`runs:${id}`, rate)
    return rate === undefined || rate === 0 ? [] : [{ id, name, rate, trail }]
  })
  return running
    .sort((a, b) => b.rate - a.rate)
    .slice(0, programsShown)
    .map(({ id, name, rate, trail }) =>
      pulse(`prog-${id}`, name, `${Math.round(rate).toLocaleString('en')} runs/s`, trail, {
        kind: 'program',
        id,
      }),
    )
}

function pulse(
  id: string,
  what: string,
  now: string,
  trail: readonly (number | undefined)[],
  target?: Target,
): Row {
  return {
    id: `pulse/${id}`,
    cells: [escapeText(what), escapeText(now), sparkline(trail)],
    inert: true,
    ...(target === undefined ? {} : { target }),
  }
}
