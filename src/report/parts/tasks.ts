import { plainInteger } from '../../contract/json.js'
import { type StackJson, stackJson } from '../../contract/stacks.js'
import { type TaskDetailsJson, type TaskJson, taskDetailsJson, taskJson } from '../../contract/tasks.js'
import { tasks } from '../../kernel/tasks.js'
import { Problems } from '../../problems.js'
import { schedContext } from '../../sched/context.js'
import { readStack } from '../../sched/stack.js'
import { readTaskDetails } from '../../sched/task-details.js'
import type { Session } from '../../session/session.js'
import type { SectionNotes } from '../sections.js'

/** A task: its list entry, all that the scheduler knows of it, when it started, and the stack it sleeps on. */
export type ReportTask = TaskJson & {
  /** Nanoseconds of CLOCK_MONOTONIC; with the pid it names a task for ever. */
  readonly startTime: number | string | null
  /** Null where they could not be read. */
  readonly details: Omit<TaskDetailsJson, 'task'> | null
  /** Null for a task that runs: its vCPU has it. */
  readonly stack: StackJson | null
}

/** Every thread, idle tasks first. One whose details cannot be read is there with what could be. */
export function readTasks(vm: Session, notes: SectionNotes): ReportTask[] {
  const { kernel } = vm
  const problems = new Problems()
  const context = schedContext(kernel, problems)
  const found: ReportTask[] = []
  for (const task of tasks(kernel, problems)) {
    const { address, pid, isRunning } = task
    const subject = `task:${pid}`
    const details = notes.attempt('task', subject, () => {
      const { task: _, ...rest } = taskDetailsJson(readTaskDetails(context, address))
      return rest
    })
    const start = notes.attempt('task', subject, () => {
      const reader = kernel.struct('task_struct', address)
      return reader.has('start_time') ? reader.integer('start_time') : undefined
    })
    found.push({
      ...taskJson(task),
      startTime: start === undefined ? null : plainInteger(start),
      details: details ?? null,
      stack: isRunning ? null : stackOf(vm, address, pid, notes),
    })
  }
  for (const { where, why } of problems.list) notes.lost('task', where, why)
  for (const absence of context.absences.list) notes.lacks(absence)
  notes.expected = expectedTasks(vm, notes)
  notes.obtained = found.length
  return found
}

/** nr_threads counts all but the idle tasks (kernel/fork.c). */
function expectedTasks({ kernel }: Session, notes: SectionNotes): number | undefined {
  const at = kernel.findSymbol('nr_threads')
  if (at === undefined) return undefined
  const threads = notes.attempt('task', 'nr_threads', () => kernel.space.u32(at))
  return threads === undefined || threads > 2 ** 22 ? undefined : threads + kernel.cpus.possible.length
}

function stackOf(vm: Session, address: bigint, pid: number, notes: SectionNotes): ReportTask['stack'] {
  const stack = notes.attempt('stack', `task:${pid}`, () => readStack(vm.kernel, address))
  if (stack === undefined) return null
  if (stack.problem !== undefined) notes.warn('stack', `task:${pid}`, stack.problem)
  return stackJson(stack)
}
