import { CryoscopeError, quietly } from '../errors.js'
import { Problems } from '../problems.js'
import { currentTaskAt } from './cpu-signs.js'
import type { Kernel } from './kernel.js'
import { missingTypes, type StructReader } from './struct-reader.js'
import { entries, listNodes } from './walk/list.js'

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
  /** Undefined where what tells it cannot be read. */
  readonly isRunning: boolean | undefined
  readonly isKernelThread: boolean
  readonly parentPid: number | undefined
}

/** PF_KTHREAD (include/linux/sched.h). */
const kernelThreadFlag = 0x00200000
/** TASK_COMM_LEN without the NUL: longer names are cut. */
const commLimit = 15
/** PF_WQ_WORKER. */
const workerFlag = 0x20

/**
 * Every thread of every process, by walking init_task.tasks and each leader's threads; the idle tasks (pid 0) come
 * first. A list that breaks ends early.
 */
export function* tasks(kernel: Kernel, problems: Problems): Generator<Task> {
  yield* idleTasks(kernel, problems)
  const task = kernel.layouts.get('task_struct')
  const signal = kernel.layouts.get('signal_struct')
  const head = kernel.symbol('init_task') + BigInt(task.offset('tasks'))
  const processes = new Set<bigint>()
  let found = 0
  for (const leader of entries(listNodes(kernel, head, problems, 'tasks'), task.offset('tasks'))) {
    const where = `task at 0x${leader.toString(16)}`
    const shared = problems.attempt(where, () => kernel.struct('task_struct', leader).pointer('signal'))
    if (shared === undefined) continue
    if (processes.has(shared)) {
      problems.add(where, 'it shares the threads of another process')
      continue
    }
    processes.add(shared)
    const threads = listNodes(
      kernel,
      shared + BigInt(signal.offset('thread_head')),
      problems,
      `threads of the ${where}`,
    )
    let seen = 0
    for (const thread of entries(threads, task.offset('thread_node'))) {
      seen++
      yield* readable(kernel, thread, problems)
    }
    // A leader that is being reaped has left its own thread list.
    if (seen === 0) yield* readable(kernel, leader, problems)
    found += Math.max(seen, 1)
  }
  const counted = threadCount(kernel, problems)
  if (counted !== undefined && found < counted)
    problems.add('tasks', `the kernel counts ${counted} threads, ${found} were found`)
}

/** Threads without the idle ones (kernel/fork.c): counted after they are listed, and no more before they leave the lists. */
function threadCount(kernel: Kernel, problems: Problems): number | undefined {
  const at = kernel.findSymbol('nr_threads')
  const count = at === undefined ? undefined : problems.attempt('nr_threads', () => kernel.space.u32(at))
  // PID_MAX_LIMIT; more is a broken read.
  return count === undefined || count > 2 ** 22 ? undefined : count
}

function* readable(kernel: Kernel, address: bigint, problems: Problems): Generator<Task> {
  const where = `task at 0x${address.toString(16)}`
  const task = problems.attempt(where, () => readTask(kernel, address, problems))
  if (task !== undefined) yield task
}

/**
 * The task with this pid. Where none is found and the lists could not be read whole, it may be there all the same: the
 * error is 'unreadable' then, else 'not-found'.
 */
export function findTask(kernel: Kernel, pid: number, problems = new Problems()): Task {
  const own = problems.part()
  for (const task of tasks(kernel, own)) if (task.pid === pid) return task
  const [first] = own.sentences
  if (first === undefined)
    throw new CryoscopeError('not-found', `there is no task with pid ${pid}; \`cryoscope tasks\` lists them`)
  throw new CryoscopeError(
    'unreadable',
    `no task with pid ${pid} was found, and the tasks could not be read whole: ${first}`,
  )
}

/** The task that a CPU runs. */
export function currentTask(kernel: Kernel, cpu: number, problems: Problems): Task {
  return readTask(kernel, currentTaskAt(kernel, cpu), problems)
}

/** Throws MemoryFault where the task itself cannot be read; what it leads to is left undefined, with a problem. */
export function readTask(kernel: Kernel, address: bigint, problems: Problems): Task {
  const task = kernel.struct('task_struct', address)
  const comm = task.text('comm')
  const flags = task.number('flags')
  const isKernelThread = (flags & kernelThreadFlag) !== 0
  const pid = task.number('pid')
  const attempt = <T>(what: string, read: () => T): T | undefined =>
    problems.attempt(`${what} of task ${pid}`, read)
  const name = isKernelThread
    ? attempt('full name', () => threadName(kernel, address, comm, (flags & workerFlag) !== 0))
    : comm
  return {
    address,
    pid,
    tgid: task.number('tgid'),
    name: name ?? comm,
    comm,
    // `state` before 5.14; `cpu` before 5.16.
    state: stateLetter(task.number('__state', 'state'), task.number('exit_state')),
    cpu: task.has('thread_info.cpu', 'cpu') ? task.number('thread_info.cpu', 'cpu') : onlyCpu(kernel),
    isRunning: attempt('running', () => isOnCpu(kernel, task)),
    isKernelThread,
    parentPid: attempt('parent', () => parentPid(kernel, task.pointer('real_parent'))),
  }
}

/** Whether a CPU runs the task now. Kernels without SMP have no on_cpu before Linux 6.17: there the runqueue tells. */
export function isOnCpu(kernel: Kernel, task: StructReader): boolean {
  if (task.has('on_cpu')) return task.number('on_cpu') !== 0
  const runqueues = kernel.symbol('runqueues')
  return kernel.cpus.possible.some(
    (cpu) => kernel.struct('rq', kernel.cpus.address(runqueues, cpu)).pointer('curr') === task.address,
  )
}

/** Where a task is that has no member for it: kernels without SMP have one CPU. */
function onlyCpu(kernel: Kernel): number | undefined {
  const [cpu, ...others] = quietly(() => kernel.cpus.possible) ?? []
  return others.length === 0 ? cpu : undefined
}

/**
 * Name of a kernel thread as /proc shows it: kthread.full_name where comm was cut, and for a workqueue's worker what it
 * works on, behind + (now) or - (last), as wq_worker_comm does.
 */
function threadName(kernel: Kernel, address: bigint, comm: string, isWorker: boolean): string {
  const task = kernel.struct('task_struct', address)
  // Since 5.17.
  if (!task.has('worker_private')) {
    if (isWorker || comm.length === commLimit) needAllTypes(kernel)
    return comm
  }
  if (!isWorker && comm.length < commLimit && kernel.layouts.find('kthread') === undefined) return comm
  const pointer = task.pointer('worker_private')
  if (pointer === 0n) return comm
  const thread = kernel.struct('kthread', pointer)
  // Since 5.17; before, long names were cut for good.
  const full = thread.has('full_name') ? thread.pointer('full_name') : 0n
  const name = full === 0n ? comm : kernel.space.text(full, 256)
  const data = isWorker ? thread.pointer('data') : 0n
  if (data === 0n) return name
  const worker = kernel.struct('worker', data)
  const work = worker.text('desc')
  if (work === '') return name
  return `${name}${worker.pointer('current_work') === 0n ? '-' : '+'}${work}`
}

/** Kernels without a type do without it; where types have holes, nobody knows. */
function needAllTypes({ types }: Kernel): void {
  if (!types.isWhole) throw new CryoscopeError('unreadable', missingTypes)
}

function parentPid(kernel: Kernel, parent: bigint): number | undefined {
  return parent === 0n ? undefined : kernel.struct('task_struct', parent).number('tgid')
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

function* idleTasks(kernel: Kernel, problems: Problems): Generator<Task> {
  const runqueues = kernel.findSymbol('runqueues')
  if (runqueues === undefined) return
  for (const cpu of kernel.cpus.possible) {
    const task = problems.attempt(`idle task of CPU ${cpu}`, () => {
      const idle = kernel.struct('rq', kernel.cpus.address(runqueues, cpu)).pointer('idle')
      return idle === 0n ? undefined : readTask(kernel, idle, problems)
    })
    if (task !== undefined) yield task
  }
}
