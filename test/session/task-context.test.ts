import { describe, expect, it } from 'vitest'
import { listed } from '../../src/frame/list.js'
import { findTask } from '../../src/kernel/tasks.js'
import { Problems } from '../../src/problems.js'
import { taskContext } from '../../src/session/task-context.js'
import { SchedGuest } from '../sched/sched-guest.js'

/** Task 10 is on 0x77, 11 says so and is not in its list, 12 is in the list and does not say so. */
function moved() {
  const made = new SchedGuest('late')
  for (const pid of [10, 11, 12, 13]) made.addTask(pid)
  const [queue = 0n] = made.userQueues([{ id: 0x77n, tasks: [10, 12] }])
  made.objects.set('task_struct', made.task(11), { 'scx.dsq': queue, 'scx.holding_cpu': 2 })
  made.objects.set('task_struct', made.task(12), { 'scx.dsq': 0n })
  return { kernel: made.kernel(), queue }
}

describe('the queue in what BPF keeps of a task', () => {
  const { kernel, queue } = moved()
  // This kernel has no maps.
  const objects = { kernel, maps: listed([]), arenas: listed([]) }
  const queues = (pid: number) => {
    const problems = new Problems()
    const { items } = taskContext(objects, findTask(kernel, pid, problems), problems)
    return items.seen.filter(({ kind }) => kind === 'dsq')
  }
  const at = `0x${queue.toString(16)}`

  it('has the place that the task has in its list', () => {
    expect(queues(10)).toMatchObject([
      { position: 0, how: `scx.dsq of its task_struct is ${at}, and it is number 1 of the 2 there` },
    ])
    expect(queues(13)).toEqual([])
  })

  it('is said to lack the task, or to have it already, while a CPU moves that', () => {
    expect(queues(11)).toMatchObject([
      {
        position: undefined,
        queue: { id: 0x77n },
        how: `scx.dsq of its task_struct is ${at}, whose list does not have it: the task is just being moved by CPU 2`,
      },
    ])
    expect(queues(12)).toMatchObject([
      {
        position: 1,
        how: 'it is number 2 of the 2 there, though scx.dsq of its task_struct is NULL: the task is just being moved',
      },
    ])
  })
})
