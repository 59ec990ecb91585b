import { quietly } from '../../../errors.js'
import type { Task } from '../../../kernel/tasks.js'
import { type Column, numberColumn } from '../../../present/columns/column.js'
import { Problems } from '../../../problems.js'
import { type SchedContext, schedContext } from '../../../sched/context.js'
import { readTaskDetails, type TaskDetails } from '../../../sched/task-details.js'
import { durationText, nanosecondsText } from '../../../units.js'
import type { Desk } from '../model/desk.js'
import { queuesByAddress } from './places.js'

/** What the scheduler keeps of a task, read once for all columns. */
export interface ScheduledTask {
  readonly task: Task
  readonly details: TaskDetails | undefined
  /** Nanoseconds on CPUs (task_struct.se.sum_exec_runtime). */
  readonly runtime: bigint | undefined
}

/** Reads tasks one by one, as they are shown or ordered by. */
export function taskReader({ vm }: Desk): (task: Task) => ScheduledTask {
  let context: SchedContext | undefined
  return (task) => {
    context ??= schedContext(vm.kernel, new Problems())
    const own = context
    return {
      task,
      details: quietly(() => readTaskDetails(own, task.address)),
      runtime: quietly(() => vm.kernel.struct('task_struct', task.address).integer('se.sum_exec_runtime')),
    }
  }
}

/** Columns that only the terminal UI has, behind those of the catalogue: each needs a look at the task itself. */
export function scheduledColumns(desk: Desk): readonly Column<ScheduledTask>[] {
  const queueName = (address: bigint) =>
    quietly(() => queuesByAddress(desk).get(address)) ?? `0x${address.toString(16)}`
  const queueOf = ({ details }: ScheduledTask): string => {
    const address = details?.schedExt?.queueAddress
    return address === undefined || address === 0n ? '-' : queueName(address)
  }
  return [
    { key: 'class', title: 'CLASS', cell: ({ details }) => details?.schedClass ?? '-' },
    numberColumn(
      'weight',
      'WEIGHT',
      ({ details }) => details?.schedExt?.weight,
      ({ details }) => String(details?.schedExt?.weight ?? '-'),
    ),
    numberColumn('wait', 'WAIT', waitOf, (task) => {
      const wait = waitOf(task)
      return wait === undefined ? '-' : durationText(wait)
    }),
    { key: 'dsq', title: 'DSQ', cell: queueOf },
    numberColumn(
      'runtime',
      'RUNTIME',
      ({ runtime }) => runtime,
      ({ runtime }) => (runtime === undefined ? '-' : nanosecondsText(runtime)),
    ),
    { key: 'cgroup', title: 'CGROUP', cell: ({ details }) => details?.cgroup?.path ?? '-' },
  ]
}

/** Milliseconds since it is ready, of one that does not run. */
function waitOf({ task, details }: ScheduledTask): number | undefined {
  return task.isRunning === false ? details?.schedExt?.runnableMs : undefined
}
