import type { Kernel } from '../kernel/kernel.js'
import { readTask } from '../kernel/tasks.js'

/** What a task is called in answers about others. */
export interface TaskName {
  readonly pid: number
  readonly name: string
}

export function readTaskName(kernel: Kernel, address: bigint): TaskName {
  const { pid, name } = readTask(kernel, address, kernel.problems)
  return { pid, name }
}
