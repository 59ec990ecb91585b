import { CryoscopeError, quietly } from '../../../errors.js'
import { taskText } from '../../../present/columns/column.js'
import { eventRows, waitingRows } from '../../../present/columns/sched.js'
import { capsText, cidsText, effectiveText } from '../../../present/text/sched.js'
import { exitText } from '../../../sched/exit.js'
import type { Runqueue } from '../../../sched/runqueue.js'
import type { SchedState } from '../../../sched/sched.js'
import { extStateText } from '../../../sched/sched-ext.js'
import { countText } from '../../../sched/words.js'
import { escapeText } from '../../../text.js'
import { durationText } from '../../../units.js'
import type { Desk } from '../model/desk.js'
import type { Content, Row } from '../model/row.js'
import { sparkline } from '../model/sparkline.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { queueNode } from './queues.js'
import { factNode, kernelStructNode, problemNode, valueColumns } from './value-tree.js'

const columns = [{ title: 'WHAT', tone: 'name' }, { title: 'STATE' }, { title: 'MORE', tone: 'dim' }] as const

export function schedulerView(desk: Desk): View {
  return {
    title: 'Scheduler',
    load(opened): Content {
      const state = desk.vm.sched.snapshot()
      return {
        columns,
        rows: new TreeRows(nodes(desk, state), opened),
        empty: 'The scheduler cannot be read.',
      }
    },
  }
}

function nodes(desk: Desk, state: SchedState): TreeNode[] {
  return [
    ...schedulerNodes(state),
    section(
      'runqueues',
      `Runqueues (${countText(state.counts.runqueues)})`,
      () => state.runqueues.map(runqueueNode),
      true,
    ),
    section(
      'queues',
      `Dispatch queues (${countText(state.counts.queues)})`,
      () =>
        state.queues.map((queue) => queueNode(queue, desk.rates.trail(`dsq:${queue.address}`, queue.depth))),
      true,
    ),
    section('waiting', waitingTitle(desk, state), () => waitingNodes(state), true),
    section('events', 'Events', () => eventNodes(state), false),
    section('domains', 'Scheduling domains', () => domainNodes(desk), false),
    ...state.exitLog.map(({ scheduler, reason, message }, i) =>
      plain(
        `sched/left-${i}`,
        'left',
        escapeText(scheduler),
        escapeText([reason, message].filter((text) => text !== '').join(': ')),
      ),
    ),
    ...(state.absent.length === 0
      ? []
      : [
          section(
            'absent',
            'Not in this kernel',
            () =>
              state.absent.map(({ group, reason }) =>
                plain(`sched/absent-${group}`, group, '', escapeText(reason)),
              ),
            false,
          ),
        ]),
    ...state.problems.map(({ where, why }, i) => problemNode(`sched/problem-${i}`, `${where}: ${why}`)),
  ]
}

function schedulerNodes(state: SchedState): TreeNode[] {
  const { switchedAll } = state
  const all =
    switchedAll === undefined ? '' : switchedAll ? 'every ordinary task' : 'only tasks that asked for it'
  const found: TreeNode[] = [
    plain(
      'sched/state',
      'sched_ext',
      extStateText(state.state, state.absent),
      state.state === 'enabled' ? all : '',
    ),
  ]
  for (const {
    name,
    exit,
    bypassDepth,
    flags,
    isRoot,
    cgroupPath,
    address,
    form,
    caps,
    ecaps,
  } of state.schedulers) {
    const trouble = exit !== undefined && exit.kindValue !== 0
    const notes = [
      ...(isRoot === false ? [`for cgroup ${cgroupPath ?? '(unknown)'}`] : []),
      ...(bypassDepth !== undefined && bypassDepth > 0 ? [`bypassed, depth ${bypassDepth}`] : []),
      ...(trouble ? [`exit ${exit.kind}: ${exitText(exit)}`] : []),
      ...(form === 'cid' ? ['by cid'] : []),
      flags.join(' '),
    ]
    const node = plain(
      `sched/scheduler-${address}`,
      'scheduler',
      escapeText(name),
      escapeText(notes.filter((note) => note !== '').join(', ')),
    )
    found.push(trouble ? { row: { ...node.row, tone: 'problem' } } : node)
    if (caps !== undefined)
      found.push(plain(`sched/caps-${address}`, 'granted', escapeText(name), capsText(caps)))
    if (ecaps !== undefined)
      found.push(plain(`sched/ecaps-${address}`, 'in force', escapeText(name), effectiveText(ecaps)))
  }
  if (state.cids !== undefined)
    found.push(plain('sched/cids', 'cids', `${state.cids.cids.length}`, cidsText(state.cids)))
  const { timeoutMs, ageMs } = state.watchdog
  // Without a scheduler the times are those of the last one, or 0.
  if (timeoutMs !== undefined && state.schedulers.length > 0) {
    const looked = ageMs === undefined ? '' : `looked ${durationText(ageMs)} ago`
    found.push(plain('sched/watchdog', 'watchdog', durationText(timeoutMs), looked))
  }
  return found
}

function section(id: string, title: string, parts: () => readonly TreeNode[], open: boolean): TreeNode {
  return { row: { id: `sched/${id}`, cells: [title, '', ''], tone: 'heading', inert: true }, parts, open }
}

function plain(id: string, what: string, state: string, more: string): TreeNode {
  return { row: { id, name: what, owner: { kind: 'tab', tab: 'scheduler' }, cells: [what, state, more] } }
}

function runqueueNode({ cpu, current, runnableTasks, schedExt, address }: Runqueue): TreeNode {
  const id = `rq/${cpu}`
  const ext = schedExt === undefined ? '' : `, ${schedExt.runnableTasks} of sched_ext`
  const more = [
    current?.schedClass ?? '',
    schedExt?.flags.join(' ') ?? '',
    ...(schedExt?.rescue?.task === undefined ? [] : [`rescues ${taskText(schedExt.rescue.task)}`]),
  ]
    .filter((text) => text !== '')
    .join(', ')
  return {
    row: {
      id,
      name: `CPU ${cpu}`,
      cells: [
        `CPU ${cpu}`,
        escapeText(`runs ${taskText(current)}, ${runnableTasks} ready${ext}`),
        escapeText(more),
      ],
      target: { kind: 'runqueue', cpu },
      copy: `0x${address.toString(16)}`,
    },
  }
}

function waitingTitle({ rates }: Desk, state: SchedState): string {
  const longest = Math.max(0, ...waitingRows(state).map(({ waitingMs }) => waitingMs ?? 0))
  const trail = rates.trail('waiting', longest)
  const shown = trail.length > 1 ? ` ${sparkline(trail)} longest ${durationText(longest)}` : ''
  return `Waiting tasks (${countText(state.counts.waiting)})${shown}`
}

function waitingNodes(state: SchedState): TreeNode[] {
  const limit = state.watchdog.timeoutMs
  return waitingRows(state).map(({ pid, name, cpu, waitingMs, queue, address }) => {
    const isLong = waitingMs !== undefined && limit !== undefined && waitingMs > limit / 2
    return {
      row: {
        id: `waiting/${pid}`,
        name: `task ${escapeText(name)} (${pid}) waiting`,
        cells: [
          escapeText(`${name} (${pid})`),
          waitingMs === undefined ? '-' : `for ${durationText(waitingMs)}`,
          escapeText(`CPU ${cpu}, on ${queue ?? 'no DSQ'}`),
        ],
        tones: ['pointer', isLong ? 'problem' : undefined],
        sort: [name, waitingMs, cpu],
        target: { kind: 'task', pid, address },
      },
    }
  })
}

function eventNodes(state: SchedState): TreeNode[] {
  return eventRows(state).map(({ name, total }) => ({
    row: {
      id: `event/${name}`,
      name: `event ${name}`,
      owner: { kind: 'tab', tab: 'scheduler' },
      cells: [name, total.toString(), ''],
      tones: [undefined, total === 0n ? 'dim' : undefined],
      sort: [name, total, ''],
    },
  }))
}

function domainNodes({ vm }: Desk): TreeNode[] {
  const found = quietly(() => vm.sched.schedstats) ?? []
  return found.map(({ cpu, domains, timeslices }) => ({
    row: {
      id: `domain/${cpu}`,
      cells: [`CPU ${cpu}`, `${timeslices} time slices`, `${domains.length} domains`],
    },
    ...(domains.length === 0
      ? {}
      : {
          parts: () =>
            domains.map(({ name, level, cpus, flags, balanceInterval, address }) => ({
              row: {
                id: `domain:${cpu}/${level}`,
                cells: [
                  escapeText(name),
                  `CPUs ${cpus?.join(' ') ?? 'not known'}, balances every ${balanceInterval} ms`,
                  flags.join(' '),
                ],
                target: {
                  kind: 'value',
                  title: name,
                  id: `domain:${address}`,
                  read: () => vm.at(address, 'struct sched_domain'),
                } satisfies Target,
              },
            })),
        }),
  }))
}

export function* schedulerRecords({ vm }: Desk): Generator<Row> {
  const state = vm.sched.snapshot()
  for (const { row } of schedulerNodes(state)) yield row
  for (const runqueue of state.runqueues) yield runqueueNode(runqueue).row
  for (const { row } of eventNodes(state)) yield row
}

export function runqueueView(desk: Desk, target: Extract<Target, { kind: 'runqueue' }>): View {
  return {
    title: `rq of CPU ${target.cpu}`,
    target,
    load(opened) {
      const runqueue = desk.vm.sched.runqueues.find(({ cpu }) => cpu === target.cpu)
      if (runqueue === undefined) throw new CryoscopeError('not-found', `CPU ${target.cpu} has no runqueue`)
      const id = `rq:${target.cpu} rq of CPU ${target.cpu}`
      const { current, schedExt, address } = runqueue
      const facts: TreeNode[] = []
      if (current !== undefined) {
        facts.push(
          factNode(`${id}/current`, 'runs', escapeText(`${taskText(current)}, ${current.schedClass ?? ''}`), {
            tones: ['dim', 'pointer'],
            target: { kind: 'task', pid: current.pid, address: current.address },
          }),
        )
      }
      const rescued = schedExt?.rescue?.task
      if (rescued !== undefined) {
        facts.push(
          factNode(
            `${id}/rescued`,
            'rescued',
            escapeText(`${taskText(rescued)}, for which its scheduler lacks capabilities`),
            {
              tones: ['dim', 'pointer'],
              target: { kind: 'task', pid: rescued.pid, address: rescued.address },
            },
          ),
        )
      }
      for (const { pid, name, waitingMs, address: at } of schedExt?.runnable ?? []) {
        facts.push(
          factNode(
            `${id}/runnable-${pid}`,
            'runnable',
            escapeText(
              `${name} (${pid})${waitingMs === undefined ? '' : `, for ${durationText(waitingMs)}`}`,
            ),
            {
              tones: ['dim', 'pointer'],
              target: { kind: 'task', pid, address: at },
            },
          ),
        )
      }
      const struct = kernelStructNode(desk, id, 'rq', address)
      return { columns: valueColumns, rows: new TreeRows([...facts, struct], opened), empty: '' }
    },
  }
}
