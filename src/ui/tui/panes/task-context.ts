import { quietly } from '../../../errors.js'
import type { Task } from '../../../kernel/tasks.js'
import { contextHeading, contextValueText } from '../../../present/text/task-context.js'
import { Problems } from '../../../problems.js'
import { type ContextItem, taskContext } from '../../../session/task-context.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import type { TreeNode } from '../model/tree.js'
import { factNode, partsOf, problemNode } from './value-tree.js'

const problemsShown = 5

/** What BPF keeps of a task, below a row of its own: it is looked for when that is opened. */
export function contextNodes(desk: Desk, task: Task, id: string): TreeNode[] {
  if (quietly(() => desk.vm.maps.length) === 0) return []
  return [
    {
      row: {
        id: `${id}/bpf`,
        cells: ['BPF keeps', 'task storage, map entries, arena memory', ''],
        tones: ['dim', 'dim'],
        inert: true,
      },
      parts: () => {
        const context = taskContext(desk.vm, task, new Problems())
        const items = context.items.seen.flatMap((item, i) => itemNodes(desk, item, `${id}/bpf/${i}`))
        const problems = context.problems
          .slice(0, problemsShown)
          .map(({ where, why }, i) => problemNode(`${id}/bpf/problem-${i}`, `${where}: ${why}`))
        const nothing = context.isWhole ? 'nothing' : 'nothing that was found'
        return items.length + problems.length === 0
          ? [factNode(`${id}/bpf/none`, '', nothing, { tones: ['dim', 'dim'] })]
          : [...items, ...problems]
      },
    },
  ]
}

function itemNodes(desk: Desk, item: ContextItem, id: string): TreeNode[] {
  const { kind, value, address, mapId } = item
  const row = {
    id,
    cells: [contextHeading(item), escapeText(item.how), ''],
    tones: ['heading', 'dim'] as const,
    ...(kind === 'dsq' && address !== undefined ? { target: { kind: 'queue', address } as const } : {}),
    ...(kind === 'arena' || mapId === undefined ? {} : { target: { kind: 'map', id: mapId } as const }),
  }
  const parts =
    value === undefined
      ? () =>
          contextValueText(item, 100)
            .split('\n')
            .map((line, i) => factNode(`${id}/${i}`, '', line))
      : () => partsOf(desk, id, value)
  return [{ row, open: true, parts }]
}
