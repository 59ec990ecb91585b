import { expect } from 'vitest'
import type { Session } from '../../../src/session/session.js'
import type { Comparison, Truth } from './demo-guest.js'

/** sched_ext against /sys/kernel/sched_ext, and what it keeps against itself. */
export const schedComparisons: readonly Comparison[] = [
  ['has the state that /sys/kernel/sched_ext shows', state],
  ['counts the events that sysfs counts, which go on until the freeze', events],
  ['finds as many tasks on each queue as the kernel counts, and the queues of the demo', queueDepths],
  ['has every task on the list of sched_ext, and those of a runqueue counted', taskList],
  ['knows classes, weights and cgroups', kinds],
]

function state({ session, truth }: Truth): void {
  const { ext, schedulers } = session.sched
  const file = (name: string): string => truth.text(`sched_ext/${name}`).trim()
  expect(ext).toEqual({
    state: file('state'),
    switchedAll: file('switch_all') === '1',
    enableSequence: BigInt(file('enable_seq')),
    hotplugSequence: BigInt(file('hotplug_seq')),
    rejectedTasks: BigInt(file('nr_rejected')),
  })
  expect(schedulers.map(({ name }) => name)).toEqual([file('root/ops')])
  expect(schedulers[0]).toMatchObject({ timeoutMs: 30_000, isRoot: true, bypassDepth: 0 })
  expect(schedulers[0]?.exit).toMatchObject({ kind: 'NONE', kindValue: 0, message: '' })
  expect(session.sched.watchdog.timeoutMs).toBe(30_000)
}

function events({ session, truth }: Truth): void {
  const [events] = session.sched.events
  const lines = truth.text('sched_ext/root/events').trim().split('\n')
  expect(events?.counters.map(({ name }) => name)).toEqual(lines.map((line) => line.split(' ')[0]))
  for (const [i, line] of lines.entries()) {
    const then = BigInt(line.split(' ')[1] ?? '')
    const counter = events?.counters[i]
    expect(counter?.total, line).toBeGreaterThanOrEqual(then)
    expect(counter?.total, line).toBeLessThan(then + 100_000n)
    expect(counter?.cpus.reduce((sum, { value }) => sum + value, 0n)).toBe(counter?.total)
  }
  // What is measured once, when the scheduler was loaded, is exact.
  const exact = (name: string) => events?.counters.find((counter) => counter.name === name)?.total
  const sysfs = (name: string) => BigInt(lines.find((line) => line.startsWith(name))?.split(' ')[1] ?? '')
  expect(exact('SCX_EV_BYPASS_DURATION')).toBe(sysfs('SCX_EV_BYPASS_DURATION'))
  expect(exact('SCX_EV_BYPASS_DURATION')).toBeGreaterThan(0n)
}

function queueDepths({ session, truth }: Truth): void {
  const snapshot = session.sched.snapshot()
  expect(snapshot.problems).toEqual([])
  const ids = snapshot.queues.filter(({ kind }) => kind === 'user').map(({ id }) => id)
  expect(ids.sort()).toEqual(canCreateQueues(session) ? [0x77n, 0x78n, 0x79n] : [])
  for (const { name, depth, tasks, changing } of snapshot.queues)
    if (!changing) expect({ name, depth }).toEqual({ name, depth: tasks.length })
  expect(snapshot.queues.filter(({ kind }) => kind === 'local')).toHaveLength(
    session.kernel.cpus.possible.length,
  )
  const nodes = truth.list('.').filter((name) => name.startsWith('numastat.'))
  expect(
    snapshot.queues.filter(({ kind }) => kind === 'global').map(({ node }) => `numastat.${node}`),
  ).toEqual(nodes.sort())
}

/** The BTF of some builds gives this kfunc an argument that programs cannot pass: the demo makes no queues there. */
function canCreateQueues({ kernel }: Session): boolean {
  const prototype = kernel.types.find('scx_bpf_create_dsq', 'function')?.prototype
  return prototype?.kind === 'prototype' && prototype.parameters.length === 2
}

/** TASK_NEW (include/linux/sched.h). */
const taskNew = 0x800

function taskList({ session }: Truth): void {
  const { sched, tasks } = session
  const listed = new Set(sched.taskList?.tasks.map(({ pid }) => pid))
  // fork() puts a task on the list of tasks before sched_ext hears of it (copy_process, kernel/fork.c).
  const isNew = (address: bigint): boolean =>
    (session.kernel.struct('task_struct', address).number('__state') & taskNew) !== 0
  const living = tasks.filter(
    ({ pid, state, address }) => pid !== 0 && state !== 'Z' && state !== 'X' && !isNew(address),
  )
  // Tasks of the stop class and the like are on it too: all but the idle tasks.
  expect(living.filter(({ pid }) => !listed.has(pid))).toEqual([])
  for (const { schedExt, current, changing } of sched.runqueues) {
    // A CPU that enqueues a task puts it on the list first, and counts it then.
    if (changing) continue
    // The running task is counted, and not on the list.
    const listed = schedExt?.runnable.some(({ isCurrent }) => isCurrent) ?? false
    const running = current?.schedClass === 'ext' && !listed ? 1 : 0
    expect(schedExt?.runnable).toHaveLength((schedExt?.runnableTasks ?? -1) - running)
  }
}

function kinds({ session }: Truth): void {
  const { sched, tasks } = session
  const byName = (name: string) => sched.task(tasks.find((task) => task.name === name)?.pid ?? -1)
  expect(byName('init')).toMatchObject({ schedClass: 'ext', policy: 'NORMAL', cgroup: { path: '/' } })
  expect(byName('init').schedExt).toMatchObject({ state: 'ENABLED', weight: 100, opsState: 'NONE' })
  // 6.16 moves the stop tasks to another class when a scheduler is enabled.
  expect(byName('migration/0')).toMatchObject({
    schedClass: expect.stringMatching(/^(stop|rt)$/),
    policy: 'FIFO',
  })
  expect(byName('demo_pinned').allowedCpus).toEqual([0])
  const niced = tasks.filter(({ pid }) => pid !== 0 && sched.task(pid).nice === -20)
  expect(niced.length).toBeGreaterThan(0)
}
