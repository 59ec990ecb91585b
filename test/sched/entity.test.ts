import { describe, expect, it } from 'vitest'
import { Problems } from '../../src/problems.js'
import { schedContext } from '../../src/sched/context.js'
import { queueIdText, readEntity } from '../../src/sched/entity.js'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { SchedGuest } from './sched-guest.js'
import { type Shape, schedTypes } from './sched-types.js'

/** What sched_ext keeps of one task. */
function entity(
  members: Readonly<Record<string, number | bigint>>,
  shape: Shape = 'late',
  prepare: (guest: SchedGuest) => void = () => undefined,
) {
  const guest = new SchedGuest(shape)
  const address = guest.addTask(7, members)
  prepare(guest)
  const problems = new Problems()
  const found = readEntity(schedContext(guest.kernel(), problems), address)
  return { ...found, said: problems.sentences }
}

describe('what sched_ext keeps of a task', () => {
  it('is what its struct says', () => {
    const { said, ...found } = entity({
      'scx.weight': 321,
      'scx.slice': 2n ** 64n - 1n,
      'scx.dsq_vtime': 2n ** 63n,
      'scx.dsq_flags': 1,
      'scx.selected_cpu': 0,
      'scx.holding_cpu': 0,
      'scx.sticky_cpu': 2,
      'scx.disallow': 1,
      'scx.ops_state': 1 | (7 << 2),
      'scx.sched': 0x1234n,
    })
    expect(found).toMatchObject({
      weight: 321,
      slice: 2n ** 64n - 1n,
      virtualTime: 2n ** 63n,
      onPriorityTree: true,
      selectedCpu: 0,
      holdingCpu: 0,
      stickyCpu: 2,
      disallow: true,
      opsState: 'QUEUEING',
      scheduler: 0x1234n,
      queueAddress: 0n,
      directQueue: undefined,
    })
    expect(said).toEqual([])
    expect(entity({ 'scx.selected_cpu': -1, 'scx.dsq_flags': 2 })).toMatchObject({
      selectedCpu: undefined,
      holdingCpu: undefined,
      stickyCpu: undefined,
      disallow: false,
      onPriorityTree: false,
    })
    expect(entity({}, 'early').scheduler).toBeUndefined()
  })

  it.each([
    [0, 'NONE'],
    [1, 'QUEUEING'],
    [2, 'QUEUED'],
    [3, 'DISPATCHING'],
  ])('says who holds it: %d is %s, whatever its sequence number', (state, name) => {
    for (const sequence of [0n, 1n, 2n ** 61n])
      expect(entity({ 'scx.ops_state': BigInt(state) | (sequence << 2n) }).opsState).toBe(name)
  })

  it('has its state among its flags, shifted or counted from 0', () => {
    const states = (shape: Shape) =>
      [0, 1, 2, 3].map((state) => entity({ 'scx.flags': 1 | (state << 8) }, shape)).map(({ state }) => state)
    expect(states('early')).toEqual(['NONE', 'INIT', 'READY', 'ENABLED'])
    // The late shape has no name for INIT.
    expect(states('late')).toEqual(['NONE', '1', 'READY', 'ENABLED'])
  })

  it('has the reason why it was put back, where the kernel keeps one', () => {
    expect(entity({ 'scx.flags': 0x301 })).toMatchObject({ reenqueue: 'NONE', flags: ['QUEUED'] })
    expect(entity({ 'scx.flags': 0x1301 })).toMatchObject({ reenqueue: 'KFUNC', flags: ['QUEUED'] })
    expect(entity({ 'scx.flags': 0x2301 }).reenqueue).toBe('8192')
    expect(entity({ 'scx.flags': 0x301 }, 'early').reenqueue).toBeUndefined()
  })

  it('has flags of 32 bits, of which the last is that of cursors', () => {
    expect(entity({ 'scx.flags': 0x80000305 }).flags).toEqual(['QUEUED', 'RESET_RUNNABLE_AT', 'CURSOR'])
    expect(entity({ 'scx.flags': 0x305 | (1 << 16) }).flags).toEqual([
      'QUEUED',
      'RESET_RUNNABLE_AT',
      '0x10000',
    ])
  })

  it('has a direct dispatch where one was decided on', () => {
    expect(entity({ 'scx.ddsp_dsq_id': (1n << 63n) + 1n }).directQueue).toBe('GLOBAL')
    expect(entity({ 'scx.ddsp_dsq_id': 0x77n }).directQueue).toBe('0x77')
    expect(entity({ 'scx.ddsp_dsq_id': 1n << 63n }).directQueue).toBeUndefined()
  })

  it('lacks capabilities only on a queue of those that were turned away', () => {
    const on = (id: bigint, queue: string, word = 5) => {
      const guest = new SchedGuest('late')
      guest.addTask(7, { 'scx.reenq_reason_caps': word })
      guest.fillQueue(guest.member(guest.rq(2), 'rq', queue), { id, tasks: [7] })
      return readEntity(schedContext(guest.kernel(), new Problems()), guest.task(7))?.missingCaps
    }
    expect(on((1n << 63n) + 4n, 'scx.reject_dsq')).toEqual(['enq_immed', 'preempt'])
    expect(on((1n << 63n) + 4n, 'scx.reject_dsq', 0)).toEqual([])
    expect(on((1n << 63n) + 2n, 'scx.local_dsq')).toBeUndefined()
    expect(entity({ 'scx.reenq_reason_caps': 5 }).missingCaps).toBeUndefined()
    expect(entity({}, 'early').missingCaps).toBeUndefined()
  })

  it('is none on kernels without sched_ext, which is said', () => {
    const context = schedContext(new KernelGuest().kernel(), new Problems())
    expect(readEntity(context, 0n)).toBeUndefined()
    expect(context.absences.list).toContainEqual({
      group: 'scx entity',
      reason: 'task_struct has no scx: the kernel is built without sched_ext',
    })
  })
})

it.each([
  [(3n << 62n) + 3n, 'LOCAL_ON CPU 3'],
  [(3n << 62n) + (1n << 32n) + 5n, 'LOCAL_ON CPU 5'],
  [(1n << 63n) + 2n, 'LOCAL'],
  [(1n << 63n) + 99n, '0x8000000000000063'],
  [1n << 62n, '0x4000000000000000'],
  [0n, '0x0'],
])('the id %d of a queue is %s', (id, text) => {
  expect(queueIdText(new SchedGuest('late').kernel(), id)).toBe(text)
})

describe('the list of all tasks', () => {
  it('leaves places of iterators out, and counts them', () => {
    const guest = new SchedGuest('late')
    guest.addTask(7)
    guest.addTask(8, { 'scx.flags': 0x80000000 })
    guest.addTask(9, { 'scx.flags': 0x7fffffff })
    const { taskList } = new Sched(guest.kernel())
    expect(taskList?.tasks).toMatchObject([
      { pid: 7, name: 'task-7', address: guest.task(7) },
      { pid: 9, address: guest.task(9) },
    ])
    expect(taskList?.cursors).toBe(1)
  })

  it('does not count them where some of it cannot be read', () => {
    const guest = new SchedGuest('late')
    guest.addTask(7)
    guest.addTask(8, { 'scx.flags': 0x80000000 })
    const kernel = guest.kernel()
    guest.guest.u64(guest.member(guest.task(7), 'task_struct', 'scx.tasks_node'), 0xffff800000001000n)
    const sched = new Sched(kernel)
    expect(sched.taskList?.cursors).toBeUndefined()
    expect(sched.problems.map(({ where }) => where)).toContain('scx_tasks')
  })

  it('is none where the kernel has none, which is said', () => {
    const types = schedTypes.late
    const guest = new KernelGuest({ btf: types.bytes })
    const sched = new Sched(guest.kernel())
    expect(sched.taskList).toBeUndefined()
    expect(sched.absent).toContainEqual({
      group: 'scx_tasks',
      reason: 'the kernel has no list scx_tasks of sched_ext_entity.tasks_node',
    })
  })
})
