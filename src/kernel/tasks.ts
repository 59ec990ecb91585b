import { CryoscopeError } from '../errors.js'
import { MemoryFault } from '../memory/fault.js'
import { currentTaskAt } from './cpu-identity.js'
import type { Kernel } from './kernel.js'
import { entries, listNodes } from './lists.js'

/** A task (struct task_struct, include/linux/sched.h). */
export interface Task {
  readonly address: bigint
  readonly pid: number
  /** Thread group: what user space calls the process. */
  readonly tgid: number
  /** As /proc shows it: in full for kernel threads, else comm, which ends at 15 characters. */
  readonly name: string
  readonly comm: string
  /** As ps shows it: R S D T t X Z P I. */
  readonly state: string
  /** CPU it runs on or ran on last. */
  readonly cpu: number | undefined
  readonly isRunning: boolean
  readonly isKernelThread: boolean
  readonly parentPid: number | undefined
}

/** PF_KTHREAD (include/linux/sched.h). */
const kernelThreadFlag = 0x00200000
/** PF_WQ_WORKER. */
const workerFlag = 0x20

/**
 * Every thread of every process, by walking init_task.tasks and each leader's threads; the idle tasks (pid 0) come
 * first. A list that breaks ends early and leaves a sentence in `problems`.
 */
export function* tasks(kernel: Kernel, problems: string[] = []): Generator<Task> {
  yield* idleTasks(kernel, problems)
  const task = kernel.layouts.get('task_struct')
  const signal = kernel.layouts.get('signal_struct')
  const init = kernel.symbol('init_task')
  const processes = new Set<bigint>()
  const leaders = entries(listNodes(kernel, init + BigInt(task.offset('tasks'))), task.offset('tasks'))
  for (let step = leaders.next(); ; step = leaders.next()) {
    if (step.done === true) {
      if (step.value.problem !== undefined) problems.push(`tasks: ${step.value.problem}`)
      return
    }
    const leader = step.value
    let threads: Generator<bigint, { problem: string | undefined }>
    try {
      const shared = kernel.struct('task_struct', leader).pointer('signal')
      if (processes.has(shared)) {
        problems.push(`task at 0x${leader.toString(16)}: it shares the threads of another process`)
        continue
      }
      processes.add(shared)
      threads = entries(
        listNodes(kernel, shared + BigInt(signal.offset('thread_head'))),
        task.offset('thread_node'),
      )
      let seen = 0
      for (let thread = threads.next(); ; thread = threads.next()) {
        if (thread.done === true) {
          if (thread.value.problem !== undefined)
            problems.push(`threads of the task at 0x${leader.toString(16)}: ${thread.value.problem}`)
          break
        }
        seen++
        yield readTask(kernel, thread.value)
      }
      // A leader that is being reaped has left its own thread list.
      if (seen === 0) yield readTask(kernel, leader)
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      problems.push(`task at 0x${leader.toString(16)}: ${error.message}`)
    }
  }
}

export function findTask(kernel: Kernel, pid: number): Task {
  for (const task of tasks(kernel)) if (task.pid === pid) return task
  throw new CryoscopeError('not-found', `there is no task with pid ${pid}; \`cryoscope tasks\` lists them`)
}

/** The task that a CPU runs. */
export function currentTask(kernel: Kernel, cpu: number): Task {
  return readTask(kernel, currentTaskAt(kernel, cpu))
}

export function readTask(kernel: Kernel, address: bigint): Task {
  const task = kernel.struct('task_struct', address)
  const comm = task.text('comm')
  const flags = task.number('flags')
  const isKernelThread = (flags & kernelThreadFlag) !== 0
  return {
    address,
    pid: task.number('pid'),
    tgid: task.number('tgid'),
    name: isKernelThread ? threadName(kernel, address, comm, (flags & workerFlag) !== 0) : comm,
    comm,
    state: stateLetter(task.number('__state', 'state'), task.number('exit_state')),
    cpu: task.has('thread_info.cpu', 'cpu') ? task.number('thread_info.cpu', 'cpu') : undefined,
    isRunning: task.has('on_cpu') && task.number('on_cpu') !== 0,
    isKernelThread,
    parentPid: parentPid(kernel, task.pointer('real_parent')),
  }
}

/**
 * Name of a kernel thread as /proc shows it: kthread.full_name where comm was cut, and for a workqueue's worker what it
 * works on, behind + (now) or - (last), as wq_worker_comm does.
 */
function threadName(kernel: Kernel, address: bigint, comm: string, isWorker: boolean): string {
  const task = kernel.struct('task_struct', address)
  if (kernel.layouts.find('kthread') === undefined || !task.has('worker_private')) return comm
  try {
    const pointer = task.pointer('worker_private')
    if (pointer === 0n) return comm
    const thread = kernel.struct('kthread', pointer)
    const full = thread.has('full_name') ? thread.pointer('full_name') : 0n
    const name = full === 0n ? comm : kernel.space.text(full, 256)
    const data = isWorker ? thread.pointer('data') : 0n
    if (data === 0n || kernel.layouts.find('worker') === undefined) return name
    const worker = kernel.struct('worker', data)
    const work = worker.text('desc')
    if (work === '') return name
    return `${name}${worker.pointer('current_work') === 0n ? '-' : '+'}${work}`
  } catch (error) {
    if (error instanceof MemoryFault) return comm
    throw error
  }
}

function parentPid(kernel: Kernel, parent: bigint): number | undefined {
  if (parent === 0n) return undefined
  try {
    return kernel.struct('task_struct', parent).number('tgid')
  } catch (error) {
    if (error instanceof MemoryFault) return undefined
    throw error
  }
}

/** __task_state_index and task_index_to_char in include/linux/sched.h: the highest reported bit decides. */
function stateLetter(state: number, exitState: number): string {
  const reported = 0x7f
  const uninterruptible = 0x2
  const noload = 0x400
  const rtLockWait = 0x1000
  const frozen = 0x8000
  if ((state & (rtLockWait | frozen)) !== 0) return 'D'
  if ((state & (uninterruptible | noload)) === (uninterruptible | noload)) return 'I'
  return 'RSDTtXZP'[32 - Math.clz32((state | exitState) & reported)] ?? '?'
}

function* idleTasks(kernel: Kernel, problems: string[]): Generator<Task> {
  const runqueues = kernel.findSymbol('runqueues')
  if (runqueues === undefined) return
  for (const cpu of kernel.cpus.possible) {
    try {
      const rq = kernel.struct('rq', kernel.cpus.address(runqueues, cpu))
      const idle = rq.pointer('idle')
      if (idle !== 0n) yield readTask(kernel, idle)
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      problems.push(`idle task of CPU ${cpu}: ${error.message}`)
    }
  }
}
