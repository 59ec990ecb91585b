import type { Task } from '../../kernel/tasks.js'
import { type Column, numberColumn } from './column.js'

/** Behind the CPU of a task that runs there, or of which that is not known. */
export function runningMark(isRunning: boolean | null | undefined): string {
  return isRunning === true ? '*' : isRunning === false ? '' : '?'
}

export const taskColumns: readonly Column<Task>[] = [
  numberColumn('pid', 'PID', ({ pid }) => pid),
  numberColumn('tgid', 'TGID', ({ tgid }) => tgid),
  numberColumn('ppid', 'PPID', ({ parentPid }) => parentPid),
  numberColumn(
    'cpu',
    'CPU',
    ({ cpu }) => cpu,
    ({ cpu, isRunning }) => (cpu === undefined ? '-' : `${cpu}${runningMark(isRunning)}`),
  ),
  { key: 'state', title: 'S', rigid: true, cell: ({ state }) => state },
  { key: 'name', title: 'NAME', cell: taskName },
  {
    key: 'address',
    title: 'TASK_STRUCT',
    rigid: true,
    cell: ({ address }) => `0x${address.toString(16)}`,
    sort: ({ address }) => address,
  },
]

/** Kernel threads in brackets, as ps shows them. */
export function taskName({ name, isKernelThread }: Pick<Task, 'name' | 'isKernelThread'>): string {
  return isKernelThread ? `[${name}]` : name
}
