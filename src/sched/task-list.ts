import { entries, listNodes } from '../kernel/walk/list.js'
import { gather, hex, type SchedContext } from './context.js'
import { enumValue } from './flags.js'
import { readTaskName, type TaskName } from './task-name.js'

/** scx_tasks: every task that sched_ext knows of, whether a scheduler is loaded or not. */
export interface TaskList {
  readonly tasks: readonly (TaskName & { readonly address: bigint })[]
  /** Places that iterators hold: entities without a task. */
  readonly cursors: number
}

export function readTaskList(context: SchedContext): TaskList | undefined {
  const { kernel, gathering } = context
  const head = kernel.findSymbol('scx_tasks')
  const inTask = kernel.layouts.find('task_struct')?.find('scx')
  const node = kernel.layouts.find('sched_ext_entity')?.find('tasks_node')
  if (head === undefined || inTask === undefined || node === undefined)
    return gathering.lacks('scx_tasks', 'the kernel has no list scx_tasks of sched_ext_entity.tasks_node')
  const cursorFlag = BigInt.asUintN(32, enumValue(kernel, 'scx_ent_flags', 'SCX_TASK_CURSOR') ?? 1n << 31n)
  const tasks: (TaskName & { address: bigint })[] = []
  let cursors = 0
  for (const at of gather(context, 'scx_tasks', (problems) =>
    entries(listNodes(kernel, head, problems, 'scx_tasks'), node.offset),
  )) {
    gathering.attempt(`scx_tasks, entity at ${hex(at)}`, () => {
      const flags = BigInt.asUintN(32, kernel.struct('sched_ext_entity', at).integer('flags'))
      if ((flags & cursorFlag) !== 0n) {
        cursors++
        return
      }
      const address = at - BigInt(inTask.offset)
      tasks.push({ address, ...readTaskName(kernel, address) })
    })
  }
  return { tasks, cursors }
}
