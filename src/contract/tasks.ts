import type { Task } from '../kernel/tasks.js'
import { hexAddress } from './json.js'

export function taskJson(task: Task): Record<string, unknown> {
  return {
    pid: task.pid,
    tgid: task.tgid,
    parentPid: task.parentPid ?? null,
    name: task.name,
    comm: task.comm,
    state: task.state,
    cpu: task.cpu ?? null,
    isRunning: task.isRunning,
    isKernelThread: task.isKernelThread,
    address: hexAddress(task.address),
  }
}
