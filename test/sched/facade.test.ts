import { expect, it } from 'vitest'
import { Sched } from '../../src/sched/sched.js'
import { SchedGuest } from './sched-guest.js'

it.each(['early', 'late'] as const)(
  'what is asked one by one of a scheduler of the %s shape is what it says as a whole',
  (shape) => {
    const guest = new SchedGuest(shape)
    for (const pid of [10, 11, 12]) guest.addTask(pid)
    guest.userQueues([{ id: 0x77n, tasks: [11, 10] }])
    guest.runnable(0, [10, 11])
    const sched = new Sched(guest.kernel())
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))
    const whole = plain(sched.snapshot()) as Record<string, unknown>
    const parts = {
      schedulers: sched.schedulers,
      runqueues: sched.runqueues,
      queues: sched.queues,
      events: sched.events,
      taskList: sched.taskList,
      cids: sched.cids,
      exitLog: sched.exitLog,
      departed: sched.departed,
      objects: sched.objects,
      watchdog: sched.watchdog,
    }
    for (const [name, part] of Object.entries(parts)) expect([name, plain(part)]).toEqual([name, whole[name]])
    expect(plain(sched)).toEqual(whole)
    expect(sched.waiting.map(({ pid }) => pid).toSorted()).toEqual([10, 11])
    expect(sched.task(11).task.pid).toBe(11)
  },
)

it('an entity of sched_ext is what its members say', () => {
  const entity = (members: Record<string, number | bigint>) => {
    const guest = new SchedGuest('late')
    guest.addTask(
      9,
      Object.fromEntries(Object.entries(members).map(([name, value]) => [`scx.${name}`, value])),
    )
    return new Sched(guest.kernel()).task(9).schedExt
  }
  const invalid = 1n << 63n
  expect(
    entity({ disallow: 1, dsq_flags: 1, sticky_cpu: 3, holding_cpu: -1, ddsp_dsq_id: 0x77 }),
  ).toMatchObject({
    disallow: true,
    onPriorityTree: true,
    stickyCpu: 3,
    holdingCpu: undefined,
    directQueue: '0x77',
  })
  expect(
    entity({ disallow: 0, dsq_flags: 2, sticky_cpu: -1, holding_cpu: 0, ddsp_dsq_id: invalid }),
  ).toMatchObject({
    disallow: false,
    onPriorityTree: false,
    stickyCpu: undefined,
    holdingCpu: 0,
    directQueue: undefined,
  })
  expect([2, 9].map((state) => entity({ ops_state: state })?.opsState)).toEqual(['QUEUED', 'QUEUEING'])
})
