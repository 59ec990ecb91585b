import { CryoscopeError, quietly } from '../../../errors.js'
import type { Task } from '../../../kernel/tasks.js'
import { readTask } from '../../../kernel/tasks.js'
import { terminalCells } from '../../../present/columns/column.js'
import { taskColumns, taskName } from '../../../present/columns/tasks.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import { wideEnough } from '../model/layout.js'
import type { Column, Content, Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { wrap } from '../model/wrap.js'
import { MadeRows, tableContent, tableRows } from './table-content.js'
import { scheduledColumns, taskReader } from './task-columns.js'
import { contextNodes } from './task-context.js'
import { factNode, partsOf, problemNode, valueColumns } from './value-tree.js'

export function tasksView(desk: Desk): View {
  return {
    title: 'Tasks',
    load: () => tasksContent(desk),
    detail(row, opened) {
      if (row.target?.kind !== 'task' || row.target.address === undefined) return undefined
      const task = readTask(desk.vm.kernel, row.target.address, desk.vm.kernel.problems)
      return { title: taskTitle(task), content: aboutContent(desk, task, opened) }
    },
  }
}

/** The catalogue, with what the scheduler keeps of each task: that is read as rows are shown. */
function tasksContent(desk: Desk): Content {
  const read = taskReader(desk)
  const more = scheduledColumns(desk)
  const content = tableContent(taskColumns, desk.vm.tasks, taskRow, 'No tasks could be read.')
  const rows = new MadeRows(content.rows, (row) => {
    const scheduled = read(row.value?.() as Task)
    return {
      ...compared(row, more.length),
      cells: beforeAddress(row.cells, terminalCells(more, scheduled)),
      sort: beforeAddress(
        row.sort ?? [],
        more.map(({ sort, cell }) => (sort ?? cell)(scheduled)),
      ),
    }
  })
  const titles = more.map(({ title, align, rigid }) => ({ title, align, rigid, identifies: false }))
  return { ...content, columns: beforeAddress<Column>(content.columns, titles), rows }
}

/** The address stands last, where narrow screens have no room for it. */
function beforeAddress<T>(own: readonly T[], more: readonly T[]): T[] {
  return [...own.slice(0, -1), ...more, ...own.slice(-1)]
}

/** What differs at every stop tells nothing: rows are compared by the catalogue's columns. */
function compared(row: Row, more: number): Row {
  const none = Array.from({ length: more }, () => '')
  return { ...row, parts: beforeAddress(row.parts ?? [], none), compared: beforeAddress(row.cells, none) }
}

function taskRow(task: Task): Omit<Row, 'cells' | 'sort'> {
  const { address, pid } = task
  return {
    // Idle tasks all have pid 0.
    id: `tasks/${pid === 0 ? `0x${address.toString(16)}` : pid}`,
    name: `task ${escapeText(taskName(task))} (${pid})`,
    target: { kind: 'task', pid, address },
    value: () => task,
    copy: String(pid),
  }
}

export function* taskRecords(desk: Desk): Iterable<Row> {
  const more = scheduledColumns(desk).length
  for (const row of tableRows(taskColumns, desk.vm.tasks, taskRow)) yield compared(row, more)
}

/** What rows about it are known by: they end in its name, and in the name of the field. */
function taskId(task: Task): string {
  const unique = task.pid === 0 ? task.address.toString(16) : String(task.pid)
  return `task:${unique} task ${escapeText(taskName(task))} (${task.pid})`
}

function taskTitle(task: Task): string {
  return escapeText(`${taskName(task)} (pid ${task.pid})`)
}

/** Why it does not run, its stack, and what the scheduler knows of it. */
function aboutContent(desk: Desk, task: Task, opened: Set<string>): Content {
  return {
    columns: valueColumns,
    rows: new TreeRows(aboutNodes(desk, task), opened),
    empty: '',
    untitled: true,
  }
}

function aboutNodes(desk: Desk, task: Task): TreeNode[] {
  const id = taskId(task)
  const nodes: TreeNode[] = []
  if (task.pid > 0) {
    const why = quietly(() => desk.vm.why(task.pid))
    if (why !== undefined) {
      nodes.push(factNode(`${id}/why`, 'why', escapeText(why.verdict), { tones: ['dim', 'heading'] }))
      for (const [i, { sentence }] of why.reasons.entries()) {
        for (const [number, line] of wrap(escapeText(sentence), sentenceWidth(desk)).entries())
          nodes.push(factNode(`${id}/why-${i}.${number}`, '', line, { copy: escapeText(sentence) }))
      }
    }
    nodes.push(...schedulerNodes(desk, task, id))
  }
  nodes.push(...contextNodes(desk, task, id), stackNode(desk, task, id))
  return nodes
}

/** Room beside the names of members. */
function sentenceWidth({ columns }: Desk): number {
  return Math.max(30, (columns >= wideEnough ? Math.floor(columns / 2) : columns) - 32)
}

function schedulerNodes(desk: Desk, task: Task, id: string): TreeNode[] {
  const entity = quietly(() => desk.vm.sched.task(task.pid).schedExt)
  if (entity === undefined) return []
  const { queueAddress, state, opsState, slice, virtualTime, weight, runnableMs, stickyCpu, holdingCpu } =
    entity
  const nodes: TreeNode[] = []
  if (queueAddress !== 0n) {
    const queue = quietly(() => desk.vm.sched.queues.find(({ address }) => address === queueAddress))
    nodes.push(
      factNode(`${id}/queue`, 'on DSQ', escapeText(queue?.name ?? `0x${queueAddress.toString(16)}`), {
        tones: ['dim', 'pointer'],
        target: { kind: 'queue', address: queueAddress },
      }),
    )
  }
  const facts = [
    `state ${state}`,
    ...(opsState === 'NONE' ? [] : [`ops_state ${opsState}`]),
    `weight ${weight}`,
    `slice ${slice} ns`,
    `vtime ${virtualTime}`,
    ...(runnableMs === undefined ? [] : [`runnable for ${Math.round(runnableMs)} ms`]),
    ...(stickyCpu === undefined ? [] : [`sticky to CPU ${stickyCpu}`]),
    ...(holdingCpu === undefined ? [] : [`held by CPU ${holdingCpu}`]),
  ]
  nodes.push(factNode(`${id}/ext`, 'sched_ext', escapeText(facts.join(', ')), { tones: ['dim'] }))
  return nodes
}

function stackNode(desk: Desk, task: Task, id: string): TreeNode {
  const row: Row = { id: `${id}/stack`, cells: ['stack', '', ''], tones: ['dim'], inert: true }
  if (task.isRunning) {
    const vcpu = quietly(() => desk.vm.vcpus.find(({ cpu }) => cpu === task.cpu))
    const where = `it runs on CPU ${task.cpu ?? '?'}`
    if (vcpu === undefined)
      return factNode(`${id}/stack`, 'stack', `${where}, of which there are no registers`, { tones: ['dim'] })
    return factNode(`${id}/stack`, 'stack', `${where}: see vCPU ${vcpu.index}`, {
      tones: ['dim', 'pointer'],
      target: { kind: 'vcpu', index: vcpu.index },
    })
  }
  return {
    row,
    open: true,
    parts: () => {
      const stack = quietly(() => desk.vm.sched.stack(task.pid))
      if (stack === undefined) return [problemNode(`${id}/stack/none`, 'its stack cannot be read')]
      const frames = stack.frames.map(({ address, symbol, isCertain }, i) =>
        factNode(
          `${id}/stack/${i}`,
          '',
          `${isCertain ? '' : '? '}${escapeText(symbol ?? `0x${address.toString(16)}`)}`,
          {
            tones: [undefined, isCertain ? undefined : 'dim'],
            target: { kind: 'code', address },
            place: {
              address,
              size: 1,
              name: escapeText(symbol ?? `0x${address.toString(16)}`),
              isCode: true,
            },
          },
        ),
      )
      return stack.problem === undefined
        ? frames
        : [...frames, problemNode(`${id}/stack/problem`, stack.problem)]
    },
  }
}

/** A task: what it is, then its task_struct. */
export function taskView(desk: Desk, target: Extract<Target, { kind: 'task' }>): View {
  const find = (): Task => {
    if (target.address !== undefined) return readTask(desk.vm.kernel, target.address, desk.vm.kernel.problems)
    const task = desk.vm.tasks.find(({ pid }) => pid === target.pid)
    if (task !== undefined) return task
    throw new CryoscopeError('not-found', `there is no task with pid ${target.pid}`)
  }
  const first = find()
  return {
    title: taskTitle(first),
    target: { kind: 'task', pid: first.pid, address: first.address },
    load(opened) {
      const task = find()
      const id = taskId(task)
      const value = desk.vm.at(task.address, 'struct task_struct')
      const nodes: TreeNode[] = [
        factNode(`${id}/name`, 'task', `${taskTitle(task)}, state ${task.state}`, {
          tones: ['dim', 'heading'],
        }),
        ...aboutNodes(desk, task),
        {
          row: {
            id: `${id}/struct`,
            cells: ['task_struct', `0x${task.address.toString(16)}`, 'struct task_struct'],
            tones: ['dim'],
            inert: true,
          },
          open: true,
          parts: () => partsOf(desk, id, value),
        },
      ]
      return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '' }
    },
  }
}
