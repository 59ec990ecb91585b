import { Found, type Stated } from '../found.js'
import { entries, listNodes } from '../kernel/walk/list.js'
import { gather, hex, type SchedContext } from './context.js'
import { enumValue } from './flags.js'
import { readTaskName, type TaskName } from './task-name.js'

/** scx_tasks: every task that sched_ext knows of, whether a scheduler is loaded or not. */
export interface TaskListFacts {
  readonly tasks: Found<TaskName & { readonly address: bigint }>
  /** Places that iterators hold: entities without a task; undefined where some could not be read. */
  readonly cursors: number | undefined
}

export type TaskList = Stated<TaskListFacts>

export function readTaskList(context: SchedContext): TaskListFacts | undefined {
  const { kernel, absences } = context
  const head = kernel.findSymbol('scx_tasks')
  const inTask = kernel.layouts.find('task_struct')?.find('scx')
  const node = kernel.layouts.find('sched_ext_entity')?.find('tasks_node')
  if (head === undefined || inTask === undefined || node === undefined)
    return absences.lacks('scx_tasks', 'the kernel has no list scx_tasks of sched_ext_entity.tasks_node')
  const cursorFlag = BigInt.asUintN(32, enumValue(kernel, 'scx_ent_flags', 'SCX_TASK_CURSOR') ?? 1n << 31n)
  let cursors = 0
  const tasks = Found.by(context.problems, (problems) => {
    const found: (TaskName & { address: bigint })[] = []
    const nodes = gather({ ...context, problems }, 'scx_tasks', (sink) =>
      entries(listNodes(kernel, head, sink, 'scx_tasks'), node.offset),
    )
    for (const at of nodes) {
      problems.attempt(`scx_tasks, entity at ${hex(at)}`, () => {
        const flags = BigInt.asUintN(32, kernel.struct('sched_ext_entity', at).integer('flags'))
        if ((flags & cursorFlag) !== 0n) {
          cursors++
          return
        }
        const address = at - BigInt(inTask.offset)
        found.push({ address, ...readTaskName(kernel, address) })
      })
    }
    return found
  })
  return { tasks, cursors: tasks.isWhole ? cursors : undefined }
}
