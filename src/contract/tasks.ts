import type { Task } from '../kernel/tasks.js'
import type { TaskDetails } from '../sched/task-details.js'
import { type Json, jsonOf } from './shape.js'

/** A thread. */
export const taskJson = jsonOf<Task>()({ address: 'address' })
export type TaskJson = ReturnType<typeof taskJson>

/** What the scheduler knows of a thread. */
export const taskDetailsJson = jsonOf<TaskDetails>()({
  task: taskJson.shape,
  voluntarySwitches: 'integer',
  involuntarySwitches: 'integer',
  endedThreadsSwitches: { voluntary: 'integer', involuntary: 'integer' },
  coreCookie: 'integer',
  cgroup: { address: 'address' },
  blockedOn: 'address',
  schedExt: {
    slice: 'integer',
    virtualTime: 'integer',
    queueAddress: 'address',
    scheduler: 'address',
  },
})
export type TaskDetailsJson = Json<TaskDetails, typeof taskDetailsJson.shape>
