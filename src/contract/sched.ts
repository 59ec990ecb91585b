import type { CpuTime } from '../sched/cpu-time.js'
import type { DepartedScheduler } from '../sched/departed.js'
import type { DispatchQueue, QueuedTask } from '../sched/dispatch-queue.js'
import type { Schedstat } from '../sched/domains.js'
import type { SchedulerEvents } from '../sched/events.js'
import type { LoggedExit } from '../sched/exit-log.js'
import type { NumaNode } from '../sched/numa.js'
import type { SchedulerObject } from '../sched/objects.js'
import type { Runqueue, WaitingTask } from '../sched/runqueue.js'
import type { SchedState } from '../sched/sched.js'
import type { ExtState } from '../sched/sched-ext.js'
import type { Scheduler } from '../sched/schedulers.js'
import type { TaskList } from '../sched/task-list.js'
import type { Watchdog } from '../sched/watchdog.js'
import type { Explanation } from '../sched/why.js'
import { structOpsMemberJson } from './programs.js'
import { jsonOf } from './shape.js'

const queuedTaskJson = jsonOf<QueuedTask>()({
  address: 'address',
  slice: 'integer',
  virtualTime: 'integer',
})

export const queueJson = jsonOf<DispatchQueue>()({
  address: 'address',
  id: 'id',
  scheduler: 'address',
  tasks: queuedTaskJson.shape,
})
export type QueueJson = ReturnType<typeof queueJson>

/** A runnable task of sched_ext. */
export const waitingJson = jsonOf<WaitingTask>()({
  address: 'address',
  queueAddress: 'address',
  scheduler: 'address',
})

export const runqueueJson = jsonOf<Runqueue>()({
  address: 'address',
  current: { address: 'address', scheduler: 'address' },
  clock: 'integer',
  switches: 'integer',
  schedExt: {
    clock: 'integer',
    opsSequence: 'integer',
    kickSync: 'integer',
    runnable: waitingJson.shape,
    deferred: queuedTaskJson.shape,
    rescue: { task: { address: 'address' }, budget: 'integer' },
  },
})
export type RunqueueJson = ReturnType<typeof runqueueJson>

export const schedulerJson = jsonOf<Scheduler>()({
  address: 'address',
  parent: 'address',
  defaultSlice: 'integer',
  exit: { code: 'integer', backtrace: { address: 'address' } },
})

/** A scheduler that has left. */
export const departedJson = jsonOf<DepartedScheduler>()({
  address: 'address',
  exit: schedulerJson.shape.exit,
})

export const eventsJson = jsonOf<SchedulerEvents>()({
  scheduler: 'address',
  counters: { total: 'integer', cpus: { value: 'integer' } },
})

export const schedulerObjectJson = jsonOf<SchedulerObject>()({
  scheduler: 'address',
  members: structOpsMemberJson.shape,
})

export const watchdogJson = jsonOf<Watchdog>()({ timeoutAddress: 'address' })

export const extStateJson = jsonOf<ExtState>()({
  enableSequence: 'integer',
  hotplugSequence: 'integer',
  rejectedTasks: 'integer',
})

export const taskListJson = jsonOf<TaskList>()({ tasks: { address: 'address' } })

export const exitLogJson = jsonOf<LoggedExit>()({ time: 'integer' })

/** Everything about sched_ext and the scheduler: the JSON of `sched`. */
export const schedJson = jsonOf<SchedState>()({
  ...extStateJson.shape,
  schedulers: schedulerJson.shape,
  objects: schedulerObjectJson.shape,
  watchdog: watchdogJson.shape,
  runqueues: runqueueJson.shape,
  queues: queueJson.shape,
  events: eventsJson.shape,
  taskList: taskListJson.shape,
  exitLog: exitLogJson.shape,
  departed: departedJson.shape,
})
export type SchedJson = ReturnType<typeof schedJson>

/** Scheduling domains and statistics of a CPU. */
export const schedstatJson = jsonOf<Schedstat>()({
  cpuTime: 'integer',
  runDelay: 'integer',
  timeslices: 'integer',
  domains: { address: 'address', maxNewidleCost: 'integer' },
})
export type SchedstatJson = ReturnType<typeof schedstatJson>

export const cpuTimeJson = jsonOf<CpuTime>()({ nanoseconds: {}, interrupts: 'integer' })
export type CpuTimeJson = ReturnType<typeof cpuTimeJson>

export const numaJson = jsonOf<NumaNode>()({ events: {} })
export type NumaJson = ReturnType<typeof numaJson>

/** Why a task does not run: verdict and reasons, with the facts that each rests on. */
export const explanationJson = jsonOf<
  Pick<Explanation, 'pid' | 'name' | 'verdict' | 'reasons' | 'problems'>
>()({})
