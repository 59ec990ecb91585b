import {
  cpuTimeJson,
  eventsJson,
  exitLogJson,
  extStateJson,
  numaJson,
  queueJson,
  runqueueJson,
  type SchedJson,
  schedJson,
  schedstatJson,
  schedulerJson,
  schedulerObjectJson,
  taskListJson,
  watchdogJson,
} from '../contract/sched.js'
import { eachWithJson, withJson } from '../contract/shape.js'
import { stackJson } from '../contract/stacks.js'
import { taskDetailsJson } from '../contract/tasks.js'
import type { Kernel } from '../kernel/kernel.js'
import { findTask, tasks } from '../kernel/tasks.js'
import { Problems } from '../problems.js'
import { type SchedContext, schedContext } from './context.js'
import { type CpuTime, readCpuTimes } from './cpu-time.js'
import { type DispatchQueue, QueueReader } from './dispatch-queue.js'
import { readSchedstats, type Schedstat } from './domains.js'
import { readEvents, type SchedulerEvents } from './events.js'
import { type LoggedExit, readExitLog } from './exit-log.js'
import type { Absence, Problem } from './gathering.js'
import { type NumaNode, readNuma } from './numa.js'
import { readSchedulerObjects, type SchedulerObject } from './objects.js'
import { readQueues } from './queues.js'
import { type Runqueue, readRunqueues, type WaitingTask } from './runqueue.js'
import { type ExtState, readExtState } from './sched-ext.js'
import { readSchedulers, type Scheduler } from './schedulers.js'
import { type KernelStack, readStack } from './stack.js'
import { readTaskDetails, type TaskDetails } from './task-details.js'
import { readTaskList, type TaskList } from './task-list.js'
import { readWatchdog, type Watchdog } from './watchdog.js'

/** Everything about sched_ext and the scheduler in one answer. */
export interface SchedState extends ExtState {
  readonly schedulers: readonly Scheduler[]
  readonly objects: readonly SchedulerObject[]
  readonly watchdog: Watchdog
  readonly runqueues: readonly Runqueue[]
  readonly queues: readonly DispatchQueue[]
  readonly events: readonly SchedulerEvents[]
  readonly taskList: TaskList | undefined
  /** Schedulers that left, as the kernel log tells it. */
  readonly exitLog: readonly LoggedExit[]
  /** What this kernel does not keep, with the reason. */
  readonly absent: readonly Absence[]
  readonly problems: readonly Problem[]
}

/** The scheduler of a kernel in memory. Every property reads anew; what could not be read is in `problems`. */
export class Sched {
  readonly #kernel: Kernel
  readonly #context: SchedContext

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#context = schedContext(kernel)
  }

  /** What could not be read so far. */
  get problems(): readonly Problem[] {
    return this.#context.gathering.problems
  }

  /** Groups of facts that this kernel does not keep, as far as they were asked for. */
  get absent(): readonly Absence[] {
    return this.#context.gathering.absent
  }

  /** enabled, disabled … */
  get state(): string | undefined {
    return this.ext.state
  }

  get ext(): ExtState {
    return withJson(readExtState(this.#context), extStateJson)
  }

  /** Loaded BPF schedulers, the root first. One that has failed stays until its owner lets go of it. */
  get schedulers(): readonly Scheduler[] {
    return eachWithJson(readSchedulers(this.#context), schedulerJson)
  }

  /** The BPF objects of each loaded scheduler, that of the running one first, with what speaks for it. */
  get objects(): readonly SchedulerObject[] {
    return eachWithJson(readSchedulerObjects(this.#context), schedulerObjectJson)
  }

  get watchdog(): Watchdog {
    return withJson(readWatchdog(this.#context), watchdogJson)
  }

  get runqueues(): readonly Runqueue[] {
    return eachWithJson(readRunqueues(this.#context, new QueueReader(this.#context)), runqueueJson)
  }

  /** Every dispatch queue. */
  get queues(): readonly DispatchQueue[] {
    return eachWithJson(readQueues(this.#context), queueJson)
  }

  /** One dispatch queue by its id or name; undefined when there is none. */
  queue(idOrName: number | bigint | string): DispatchQueue | undefined {
    return this.queues.find(({ id, name }) =>
      typeof idOrName === 'string' ? name === idOrName : id === BigInt(idOrName),
    )
  }

  /** Counters of the root scheduler and of those below it. */
  get events(): readonly SchedulerEvents[] {
    return eachWithJson(readEvents(this.#context), eventsJson)
  }

  /** Runnable tasks of sched_ext that do not run, the longest waiting first. */
  get waiting(): readonly WaitingTask[] {
    const tasks = this.runqueues.flatMap(({ schedExt }) => schedExt?.runnable ?? [])
    return tasks
      .filter(({ isCurrent }) => !isCurrent)
      .sort((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
  }

  /** The list of all tasks that sched_ext knows of. */
  get taskList(): TaskList | undefined {
    const list = readTaskList(this.#context)
    return list === undefined ? undefined : withJson(list, taskListJson)
  }

  /** Schedulers that left, as the kernel log tells it. */
  get exitLog(): readonly LoggedExit[] {
    return eachWithJson(readExitLog(this.#context), exitLogJson)
  }

  get schedstats(): readonly Schedstat[] {
    return eachWithJson(readSchedstats(this.#context), schedstatJson)
  }

  get cpuTimes(): readonly CpuTime[] {
    return eachWithJson(readCpuTimes(this.#context), cpuTimeJson)
  }

  get numa(): readonly NumaNode[] {
    return eachWithJson(readNuma(this.#context), numaJson)
  }

  /** What the scheduler knows of every task, idle tasks first. */
  get tasks(): readonly TaskDetails[] {
    const context = this.#context
    const problems = new Problems()
    const found = [...tasks(this.#kernel, problems)].flatMap(({ address, pid }) => {
      const details = context.gathering.attempt(`task ${pid}`, () => readTaskDetails(context, address))
      return details === undefined ? [] : [withJson(details, taskDetailsJson)]
    })
    for (const { where, why } of problems.list) context.gathering.problem(where, why)
    return found
  }

  /** What the scheduler knows of a task. */
  task(pid: number): TaskDetails {
    return withJson(readTaskDetails(this.#context, findTask(this.#kernel, pid).address), taskDetailsJson)
  }

  /** Kernel stack of a task that does not run. */
  stack(pid: number): KernelStack {
    return withJson(readStack(this.#kernel, findTask(this.#kernel, pid).address), stackJson)
  }

  /** All at once: no part is read twice, and what went wrong is in it. */
  snapshot(): SchedState {
    const context = schedContext(this.#kernel)
    const reader = new QueueReader(context)
    const state: SchedState = {
      ...readExtState(context),
      schedulers: readSchedulers(context),
      objects: readSchedulerObjects(context),
      watchdog: readWatchdog(context),
      runqueues: readRunqueues(context, reader),
      queues: readQueues(context, reader),
      events: readEvents(context),
      taskList: readTaskList(context),
      exitLog: readExitLog(context),
      absent: context.gathering.absent,
      problems: context.gathering.problems,
    }
    return withJson(state, schedJson)
  }

  toJSON(): SchedJson {
    return schedJson(this.snapshot())
  }
}
