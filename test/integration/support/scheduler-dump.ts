import { expect } from 'vitest'
import type { Session } from '../../../src/session/session.js'

/** What is known of a task that is ready, by the kernel's own word or as it was read. */
interface ReadyTask {
  readonly pid: number
  readonly waitingMs: number
  /** Of the queue that it is on; undefined where it is on none. */
  readonly queue: bigint | undefined
  readonly virtualTime: bigint
  readonly slice: bigint
  readonly weight: number
}

interface CpuState {
  readonly cpu: number
  readonly running: number
  readonly current: number
  readonly class: string
}

/** A CPU and the tasks that are ready there. */
export interface Ready extends CpuState {
  readonly tasks: readonly ReadyTask[]
}

/** A task that the kernel tells of, and of which CPU it tells at the time. */
interface Told extends ReadyTask {
  readonly on: CpuState
  readonly isCurrent: boolean
}

/** What is read at a stop, of each CPU: queues by whose list a task is on, not by what the task says. */
export function whoIsReady(vm: Session): Ready[] {
  const { queues, runqueues } = vm.sched.snapshot()
  const queueOf = new Map(queues.flatMap(({ id, tasks }) => [...tasks].map(({ pid }) => [pid, id] as const)))
  return [...runqueues].map(({ cpu, current, schedExt }) => {
    if (current === undefined || schedExt === undefined) throw new Error(`CPU ${cpu} could not be read`)
    const tasks = [...schedExt.runnable].map(({ pid, waitingMs }): ReadyTask => {
      const entity = vm.sched.task(pid).schedExt
      if (entity === undefined) throw new Error(`pid ${pid} could not be read`)
      const { virtualTime, slice, weight } = entity
      return { pid, waitingMs: waitingMs ?? -1, queue: queueOf.get(pid), virtualTime, slice, weight }
    })
    const { pid, schedClass = 'unknown' } = current
    return { cpu, running: schedExt.runnableTasks, current: pid, class: schedClass, tasks }
  })
}

/** The tasks of which scx_dump_state (kernel/sched/ext/ext.c) wrote into the trace, in its order. */
export function dumped(trace: string): Told[] {
  const found: Told[] = []
  let on: CpuState = { cpu: -1, running: -1, current: -1, class: '' }
  let task: Pick<Told, 'pid' | 'isCurrent' | 'waitingMs' | 'queue'> | undefined
  for (const [, line = ''] of trace.matchAll(/: sched_ext_dump: (.*)$/gm)) {
    const match = (pattern: RegExp): readonly string[] | undefined => pattern.exec(line)?.slice(1)
    const cpu = match(/^CPU (\d+) *: nr_run=(\d+) /)
    if (cpu !== undefined) on = { ...on, cpu: Number(cpu[0]), running: Number(cpu[1]) }
    const current = match(/^ +curr=.*\[(\d+)\] class=(\w+)_sched_class/)
    if (current !== undefined) on = { ...on, current: Number(current[0]), class: current[1] ?? '' }
    const head = match(/^ ([* ])\w .*\[(\d+)\] \*\w+ [-+](\d+)ms$/)
    if (head !== undefined)
      task = {
        pid: Number(head[1]),
        isCurrent: head[0] === '*',
        waitingMs: Number(head[2]),
        queue: undefined,
      }
    const queue = match(/ dsq_id=(\S+)$/)
    if (task !== undefined && queue !== undefined)
      task = { ...task, queue: queue[0] === '(n/a)' ? undefined : BigInt(queue[0] ?? '') }
    const numbers = match(/^ +dsq_vtime=(\d+) slice=(\d+) weight=(\d+)$/)
    if (task !== undefined && numbers !== undefined) {
      const [virtualTime = '', slice = '', weight] = numbers
      found.push({
        ...task,
        on,
        virtualTime: BigInt(virtualTime),
        slice: BigInt(slice),
        weight: Number(weight),
      })
      task = undefined
    }
  }
  return found
}

/**
 * Holds what was read, each time the kernel began to tell of a task, to what it then told. It holds the runqueue meanwhile, so
 * that nothing happens to that CPU and its tasks, but for one thing: another CPU may put one on a scheduler's queue or take it from there.
 */
export function compareReady(stops: readonly (readonly Ready[])[], told: readonly Told[]) {
  let [onQueues, held, moving] = [0, 0, 0]
  for (const [n, seen] of stops.entries()) {
    const task = told[n]
    if (task === undefined)
      throw new Error(`the kernel tells of ${told.length} tasks, and began ${n + 1} times`)
    const { on, isCurrent, ...expected } = task
    const { tasks, ...cpu } = seen.find((one) => one.cpu === on.cpu) ?? {}
    expect(cpu, `task ${n}`).toEqual(on)
    if (isCurrent) {
      expect(task.pid).toBe(on.current)
      continue
    }
    const found = tasks?.find(({ pid }) => pid === task.pid)
    const isMoving = (found?.queue === undefined) !== (task.queue === undefined)
    // The kernel took the time when it began with the first one.
    const waitingMs = found?.waitingMs
    expect(found, `pid ${task.pid}`).toEqual({
      ...expected,
      waitingMs,
      ...(isMoving && { queue: found?.queue }),
    })
    if (task.pid !== on.current) expect(waitingMs).toBeGreaterThanOrEqual(task.waitingMs)
    if (isMoving) moving++
    else if (task.queue === undefined) held++
    else onQueues++
  }
  return { onQueues, held, moving }
}
