import {
  cpuTimeJson,
  departedJson,
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
  waitingJson,
  watchdogJson,
} from '../contract/sched.js'
import { eachWithJson, withJson } from '../contract/shape.js'
import { stackJson } from '../contract/stacks.js'
import { taskDetailsJson } from '../contract/tasks.js'
import { CryoscopeError } from '../errors.js'
import { type Found, type Stated, stated } from '../found.js'
import { type Listed, listed } from '../frame/list.js'
import type { Kernel } from '../kernel/kernel.js'
import { findTask, tasks } from '../kernel/tasks.js'
import { figureJson, type Problem, Problems } from '../problems.js'
import { escapeText } from '../text.js'
import type { Absence } from './absences.js'
import { type CidTables, readCids } from './cids.js'
import { hex, noneOf, type SchedContext, schedContext } from './context.js'
import { type CpuTime, readCpuTimes } from './cpu-time.js'
import { type DepartedScheduler, readDeparted } from './departed.js'
import { type DispatchQueue, type QueueFacts, QueueReader } from './dispatch-queue.js'
import { readSchedstats, type Schedstat } from './domains.js'
import { readEvents, type SchedulerEvents } from './events.js'
import { type LoggedExit, readExitLog } from './exit-log.js'
import { type NumaNode, readNuma } from './numa.js'
import { readSchedulerObjects, type SchedulerObject } from './objects.js'
import { readQueues } from './queues.js'
import {
  type Runqueue,
  type RunqueueFacts,
  readRunqueues,
  type WaitingTask,
  waitingTasks,
} from './runqueue.js'
import { type ExtState, readExtState } from './sched-ext.js'
import { readSchedulers, type Scheduler } from './schedulers.js'
import { type KernelStack, readStack } from './stack.js'
import { readTaskDetails, type TaskDetails } from './task-details.js'
import { readTaskList, type TaskList, type TaskListFacts } from './task-list.js'
import { readWatchdog, type Watchdog } from './watchdog.js'

/** Everything about sched_ext and the scheduler, with word of what was missed: what sentences are made from. */
export interface SchedFacts extends ExtState {
  readonly schedulers: Found<Scheduler>
  readonly objects: Found<SchedulerObject>
  readonly watchdog: Watchdog
  readonly runqueues: Found<RunqueueFacts>
  readonly queues: Found<QueueFacts>
  /** Runnable tasks of sched_ext that do not run, the longest waiting first. */
  readonly waiting: Found<WaitingTask>
  readonly events: Found<SchedulerEvents>
  readonly taskList: TaskListFacts | undefined
  /** CPUs by the numbers that cid-form schedulers have for them; undefined where the kernel has no such numbers. */
  readonly cids: CidTables | undefined
  /** Schedulers that left, as the kernel log tells it. */
  readonly exitLog: Found<LoggedExit>
  /** Schedulers that left, and that their owners hold on to. */
  readonly departed: Found<DepartedScheduler>
  /** What this kernel does not keep, with the reason. */
  readonly absent: readonly Absence[]
  readonly problems: readonly Problem[]
}

/** A number, a lower bound where some could not be read, null where nothing is known. */
export type Count = number | { readonly atLeast: number; readonly why: string } | null

/** The same as plain lists of what was found; how many there are is in `counts`. */
export interface SchedState extends Stated<Omit<SchedFacts, 'waiting'>> {
  readonly counts: Readonly<Record<'schedulers' | 'runqueues' | 'queues' | 'waiting', Count>>
}

export function schedFacts(kernel: Kernel): SchedFacts {
  const problems = new Problems()
  const context = schedContext(kernel, problems)
  const reader = new QueueReader(context)
  const runqueues = readRunqueues(context, reader)
  const facts = {
    ...readExtState(context),
    schedulers: readSchedulers(context),
    objects: readSchedulerObjects(context),
    watchdog: readWatchdog(context),
    runqueues,
    queues: readQueues(context, reader),
    waiting: context.absences.has('scx_rq') ? noneOf<WaitingTask>(context) : waitingTasks(runqueues),
    events: readEvents(context),
    taskList: readTaskList(context),
    cids: readCids(context),
    exitLog: readExitLog(context),
    departed: readDeparted(context),
  }
  return { ...facts, absent: context.absences.list, problems: problems.list }
}

export function schedState(facts: SchedFacts): SchedState {
  const { waiting, ...rest } = facts
  const { schedulers, runqueues, queues } = rest
  return {
    ...stated(rest),
    counts: {
      schedulers: figureJson(schedulers.count),
      runqueues: figureJson(runqueues.count),
      queues: figureJson(queues.count),
      waiting: figureJson(waiting.count),
    },
  }
}

/** The scheduler of a kernel in memory. Every property reads anew; what could not be read is in `problems`. */
export class Sched {
  readonly #kernel: Kernel
  readonly #context: SchedContext

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#context = schedContext(kernel, new Problems())
  }

  /** What could not be read so far. */
  get problems(): readonly Problem[] {
    return this.#context.problems.list
  }

  /** Groups of facts that this kernel does not keep, as far as they were asked for. */
  get absent(): readonly Absence[] {
    return this.#context.absences.list
  }

  /** enabled, disabled … */
  get state(): string | undefined {
    return this.ext.state
  }

  get ext(): ExtState {
    return withJson(readExtState(this.#context), extStateJson)
  }

  /** Loaded BPF schedulers, the root first. One that has failed stays until its owner lets go of it. */
  get schedulers(): Listed<Scheduler> {
    return listed(eachWithJson(readSchedulers(this.#context).seen, schedulerJson))
  }

  /** The BPF objects of each loaded scheduler, that of the running one first, with what speaks for it. */
  get objects(): Listed<SchedulerObject> {
    return listed(eachWithJson(readSchedulerObjects(this.#context).seen, schedulerObjectJson))
  }

  get watchdog(): Watchdog {
    return withJson(readWatchdog(this.#context), watchdogJson)
  }

  get runqueues(): Listed<Runqueue> {
    return listed(
      eachWithJson(stated(readRunqueues(this.#context, new QueueReader(this.#context))), runqueueJson),
    )
  }

  /** Every dispatch queue. */
  get queues(): Listed<DispatchQueue> {
    return listed(eachWithJson(stated(readQueues(this.#context)), queueJson))
  }

  /**
   * One dispatch queue by its id or name, and where several schedulers have such a queue by what its scheduler is called
   * (`owner`, or the scheduler's name); undefined when there is none. Throws 'usage', with the names, where several have that id.
   */
  queue(idOrName: number | bigint | string, owner?: string): DispatchQueue | undefined {
    const id = typeof idOrName === 'string' ? undefined : BigInt(idOrName)
    const found = this.queues.filter((queue) =>
      id === undefined ? queue.name === idOrName : queue.id === id,
    )
    return onlyQueue(owner === undefined ? found : found.filter(this.#isOf(owner)), idOrName)
  }

  #isOf(owner: string): (queue: DispatchQueue) => boolean {
    const called = this.schedulers.filter(({ name }) => name === owner).map(({ address }) => address)
    return (queue) =>
      queue.owner === owner || (queue.scheduler !== undefined && called.includes(queue.scheduler))
  }

  /** Counters of the root scheduler and of those below it. */
  get events(): Listed<SchedulerEvents> {
    return listed(eachWithJson(readEvents(this.#context).seen, eventsJson))
  }

  /** Runnable tasks of sched_ext that do not run, the longest waiting first. */
  get waiting(): Listed<WaitingTask> {
    const context = this.#context
    return listed(
      eachWithJson(waitingTasks(readRunqueues(context, new QueueReader(context))).seen, waitingJson),
    )
  }

  /** The list of all tasks that sched_ext knows of. */
  get taskList(): TaskList | undefined {
    const list = readTaskList(this.#context)
    return list === undefined ? undefined : withJson(stated(list), taskListJson)
  }

  /** Schedulers that left, as the kernel log tells it. */
  get exitLog(): Listed<LoggedExit> {
    return listed(eachWithJson(readExitLog(this.#context).seen, exitLogJson))
  }

  /** Schedulers that left, and that their owners hold on to: why, in their own words. */
  get departed(): Listed<DepartedScheduler> {
    return listed(eachWithJson(readDeparted(this.#context).seen, departedJson))
  }

  /** CPUs by the numbers that cid-form schedulers have for them, and shards of them. */
  get cids(): CidTables | undefined {
    return readCids(this.#context)
  }

  get schedstats(): Listed<Schedstat> {
    return listed(eachWithJson(readSchedstats(this.#context), schedstatJson))
  }

  get cpuTimes(): Listed<CpuTime> {
    return listed(eachWithJson(readCpuTimes(this.#context), cpuTimeJson))
  }

  get numa(): Listed<NumaNode> {
    return listed(eachWithJson(readNuma(this.#context), numaJson))
  }

  /** What the scheduler knows of every task, idle tasks first. */
  get tasks(): Listed<TaskDetails> {
    const context = this.#context
    const { problems } = context
    const all = [...tasks(this.#kernel, problems)].flatMap(({ address, pid }) => {
      const details = problems.attempt(`task ${pid}`, () => readTaskDetails(context, address))
      return details === undefined ? [] : [withJson(details, taskDetailsJson)]
    })
    return listed(all)
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
    return withJson(schedState(this.facts()), schedJson)
  }

  /** The same for sentences: what it lists knows whether anything was missed. */
  facts(): SchedFacts {
    return schedFacts(this.#kernel)
  }

  toJSON(): SchedJson {
    return schedJson(this.snapshot())
  }
}

function onlyQueue(
  [queue, ...others]: readonly DispatchQueue[],
  asked: number | bigint | string,
): DispatchQueue | undefined {
  if (queue === undefined || others.length === 0) return queue
  const what = typeof asked === 'string' ? escapeText(asked) : hex(BigInt.asUintN(64, BigInt(asked)))
  const names = [queue, ...others].map(({ name }) => `'${escapeText(name)}'`)
  throw new CryoscopeError(
    'usage',
    `${names.length} queues have ${typeof asked === 'string' ? 'the name' : 'the id'} ${what}; ask for the one you mean by its name: ${names.join(', ')}`,
  )
}
