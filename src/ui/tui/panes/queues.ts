import { CryoscopeError } from '../../../errors.js'
import type { DispatchQueue, QueuedTask } from '../../../sched/dispatch-queue.js'
import { escapeText } from '../../../text.js'
import { durationText } from '../../../units.js'
import type { Desk } from '../model/desk.js'
import type { Row } from '../model/row.js'
import { sparkline } from '../model/sparkline.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { factNode, kernelStructNode, problemNode, valueColumns } from './value-tree.js'

/** A dispatch queue with its tasks below it; how deep it was at the last looks. */
export function queueNode(queue: DispatchQueue, trail: readonly (number | undefined)[] = []): TreeNode {
  const { address, name, kind, depth, sequence, tasks } = queue
  const about = `${kind}, ${sequence} ever`
  const cells = [escapeText(name), `${depth} ${depth === 1 ? 'task' : 'tasks'}`, about]
  return {
    row: {
      id: `dsq/${address.toString(16)}`,
      name: `DSQ ${escapeText(name)}`,
      cells: [...cells.slice(0, 2), trail.length > 1 ? `${sparkline(trail)} ${about}` : about],
      // How it went is no state of it.
      compared: cells,
      tones: [undefined, depth > 0 ? 'accent' : 'dim'],
      sort: [name, depth, sequence],
      target: { kind: 'queue', address, name },
      value: () => queue,
    },
    ...(tasks.length === 0
      ? {}
      : { parts: () => tasks.map((task) => queuedNode(address, task)), open: tasks.length <= 8 }),
  }
}

function queuedNode(
  queue: bigint,
  { address, pid, name, waitingMs, slice, virtualTime, onPriorityTree }: QueuedTask,
): TreeNode {
  const order = onPriorityTree ? `vtime ${virtualTime}` : 'in order of arrival'
  return {
    row: {
      id: `dsq:${queue.toString(16)}/${pid}`,
      name: `task ${escapeText(name)} (${pid}) in its DSQ`,
      cells: [
        escapeText(`${name} (${pid})`),
        waitingMs === undefined ? '-' : `waits ${durationText(waitingMs)}`,
        `slice ${slice} ns, ${order}`,
      ],
      tones: ['pointer', undefined],
      target: { kind: 'task', pid, address },
    },
  }
}

export function* queueRecords({ vm }: Desk): Generator<Row> {
  for (const queue of vm.sched.queues) yield queueNode(queue).row
}

/** A dispatch queue: its tasks in order, then its struct. */
export function queueView(desk: Desk, target: Extract<Target, { kind: 'queue' }>): View {
  const find = () =>
    desk.vm.sched.queues.find(({ address, id, name }) => {
      if (target.address !== undefined) return address === target.address
      // Queues of several schedulers and of several CPUs share ids.
      return target.name === undefined ? id === target.id : name === target.name
    })
  const first = find()
  const address = first?.address ?? target.address
  if (address === undefined) {
    throw new CryoscopeError('not-found', `there is no DSQ 0x${(target.id ?? 0n).toString(16)} now`)
  }
  return {
    title: escapeText(first === undefined ? `DSQ at 0x${address.toString(16)}` : `DSQ ${first.name}`),
    target,
    load(opened) {
      const queue = desk.vm.sched.queues.find((candidate) => candidate.address === address)
      const id = `queue:${address.toString(16)} ${escapeText(first === undefined ? `DSQ at 0x${address.toString(16)}` : `DSQ ${first.name}`)}`
      const facts: TreeNode[] =
        queue === undefined
          ? [
              problemNode(
                `${id}/lost`,
                'it is none of the queues that the scheduler has now; the struct is what lies there',
              ),
            ]
          : [
              factNode(
                `${id}/name`,
                'DSQ',
                `${escapeText(queue.name)}, ${queue.kind}, ${queue.depth} tasks now, ${queue.sequence} ever`,
                { tones: ['dim', 'heading'] },
              ),
              ...queue.tasks.map((task) => queuedNode(address, task)),
            ]
      const struct = kernelStructNode(desk, id, 'scx_dispatch_q', address)
      return { columns: valueColumns, rows: new TreeRows([...facts, struct], opened), empty: '' }
    },
  }
}
