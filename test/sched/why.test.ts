import { describe, expect, it } from 'vitest'
import { explain } from '../../src/sched/why.js'
import { countOf, countText, isOne } from '../../src/sched/words.js'
import { writeList } from '../support/structures.js'
import { now, SchedGuest } from './sched-guest.js'

const since = (ticks: bigint) => ({ 'scx.runnable_at': now - ticks })
const sentencesOf = (guest: SchedGuest, pid: number) =>
  explain(guest.kernel(), pid).reasons.map(({ sentence }) => sentence)

describe('a real-time task that holds a CPU', () => {
  const held = (allowed: bigint) => {
    const guest = new SchedGuest('late')
    const victim = guest.addTask(7, since(900n))
    const mask = guest.guest.alloc(16)
    guest.guest.u64(mask, allowed)
    guest.objects.set('task_struct', victim, { cpus_ptr: mask })
    const hog = guest.addTask(50, {
      comm: 'rthog',
      sched_class: guest.symbol('rt_sched_class'),
      'scx.flags': 0x300,
    })
    guest.addTask(8, since(10n))
    guest.objects.set('rq', guest.rq(2), { curr: hog, nr_running: 2 })
    guest.fillQueue(guest.localQueue(2), { id: (1n << 63n) + 2n, tasks: [7] })
    guest.runnable(2, [7, 8])
    return guest
  }

  it('is named before all that follows from it, and the scheduler is not blamed', () => {
    const sentences = sentencesOf(held(0b100n), 7)
    expect(sentences[0]).toBe(
      'task-7 (pid 7) is ready, and every CPU that it may use runs a task of a higher class: CPU 2 rthog (pid 50) of class rt.',
    )
    expect(sentences[1]).toBe(
      'task-7 (pid 7) has been ready for 9 s and is first of 1 on DSQ local of CPU 2, which runs rthog (pid 50).',
    )
    expect(sentences.join()).not.toMatch(/dispatches others/)
    expect(sentences.join()).toMatch(/It may use only CPU 2 of 0,2/)
  })

  it('is named where the task waits on its queue though another CPU would do', () => {
    const sentences = sentencesOf(held(0b101n), 7)
    expect(sentences[0]).toBe(
      'CPU 2, on whose queue task-7 (pid 7) stands, runs rthog (pid 50) of class rt, which comes before ext.',
    )
    expect(sentences.join()).toMatch(/CPU 0, which it may use, is idle meanwhile/)
  })
})

describe('others that get their turn', () => {
  const waiting = (ages: readonly bigint[]) => {
    const guest = new SchedGuest('late')
    for (const [i, age] of ages.entries()) guest.addTask(10 + i, since(age))
    guest.userQueues([{ id: 0x7n, tasks: [10], members: { seq: 9 } }])
    guest.runnable(
      0,
      ages.map((_, i) => 10 + i),
    )
    return guest
  }
  const dispatching = (guest: SchedGuest) =>
    sentencesOf(guest, 10).find((text) => /dispatches others/.test(text))

  it('are those that wait for less than a tenth of its time', () => {
    expect(dispatching(waiting([1000n, 99n, 100n, 101n, 1n]))).toMatch(
      /0 CPUs run tasks of it, and of 4 other waiting tasks 2 became ready in a tenth/,
    )
  })

  it('are none where all wait as long, and nobody of its class runs', () => {
    expect(dispatching(waiting([1000n, 100n, 500n]))).toBeUndefined()
  })

  it('are those that run', () => {
    const guest = waiting([1000n, 900n])
    guest.objects.set('rq', guest.rq(0), { curr: guest.addTask(60) })
    expect(dispatching(guest)).toMatch(/1 CPU runs tasks of it, and of 1 other waiting task 0 became/)
  })

  it('are none of another scheduler’s, whether they run or wait', () => {
    const guest = waiting([1000n, 900n, 1n])
    const other = guest.objects.make('scx_sched', { 'ops.name': 'other', level: 1 })
    const all = [guest.sched, other].map((sched) => guest.member(sched, 'scx_sched', 'all'))
    writeList(guest.guest, guest.symbol('scx_sched_all'), all)
    guest.objects.set('rq', guest.rq(0), { curr: guest.addTask(60, { 'scx.sched': other }) })
    // Task 12, which has just become ready, is the root's.
    expect(dispatching(guest)).toMatch(/0 CPUs run tasks of it, and of 2 other waiting tasks 1 became/)
    guest.objects.set('task_struct', guest.task(12), { 'scx.sched': other })
    expect(dispatching(guest)).toBeUndefined()
  })

  it('matter only to one that has waited for a second', () => {
    expect(dispatching(waiting([100n, 1n]))).toMatch(/dispatches others/)
    expect(dispatching(waiting([99n, 1n]))).toBeUndefined()
  })
})

describe('counts in words', () => {
  it.each([
    [1, '1 task'],
    [0, '0 tasks'],
    [{ whole: true, value: 3 } as const, '3 tasks'],
    [{ whole: false, atLeast: 1, why: 'lost' } as const, 'at least 1 task'],
    [{ whole: false, atLeast: undefined, why: 'lost' } as const, 'an unknown number of tasks'],
  ])('%j', (count, text) => {
    expect(countOf(count, 'task')).toBe(text)
    expect(isOne(count)).toBe(/\b1 task$/.test(text))
  })

  it('alone', () => {
    expect([3, { atLeast: 2 }, null].map(countText)).toEqual(['3', 'at least 2', 'unknown'])
  })
})
