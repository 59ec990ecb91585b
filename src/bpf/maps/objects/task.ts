import type { Kernel } from '../../../kernel/kernel.js'
import { named, type Unnamed } from './named-object.js'

export interface TaskName {
  readonly kind: 'task'
  readonly address: bigint
  readonly pid: number
  readonly tgid: number
  readonly comm: string
  /** It has exited; the kernel has not freed it yet. */
  readonly exited: boolean
}

/** A task_struct; only what names it, for maps have thousands. */
export function nameTask(kernel: Kernel, address: bigint): TaskName | Unnamed {
  return named('task', address, () => {
    const task = kernel.struct('task_struct', address)
    return {
      kind: 'task',
      address,
      pid: task.number('pid'),
      tgid: task.number('tgid'),
      comm: task.text('comm'),
      exited: task.number('exit_state') !== 0,
    }
  })
}
