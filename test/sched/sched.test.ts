import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kernel } from '../../src/kernel/kernel.js'
import { Sched } from '../../src/sched/sched.js'
import { explain } from '../../src/sched/why.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { now, perSecond, SchedGuest } from './sched-guest.js'
import type { Shape } from './sched-types.js'

const shapes: readonly Shape[] = ['early', 'late']
const tick = 1000 / perSecond

function found(guest: SchedGuest): Sched {
  return new Sched(guest.kernel())
}

describe.each(shapes)('a scheduler of the %s shape', (shape) => {
  const guest = new SchedGuest(shape)
  for (const pid of [10, 11, 12, 13, 14]) guest.addTask(pid)
  guest.fillQueue(guest.localQueue(2), { id: (1n << 63n) + 2n, tasks: [14] })
  guest.userQueues([
    { id: 0x77n, tasks: [11, 'cursor', 10] },
    { id: 0x99n, tasks: [13, 12], tree: [13, 12], members: { seq: 40 } },
    { id: 0x5n },
  ])
  guest.count(0, 5n, 1n << 40n)
  guest.count(2, 7n, 1n)
  const sched = found(guest)

  it('has its queues, of every kind, with the tasks in order', () => {
    const snapshot = sched.snapshot()
    expect(snapshot.problems).toEqual([])
    const queues = snapshot.queues.map(({ name, tasks }) => [name, tasks.map(({ pid }) => pid).join()])
    const perCpu = shape === 'late' ? ['local', 'reject', 'rescue'] : ['local']
    expect(Object.fromEntries(queues)).toEqual({
      ...Object.fromEntries(perCpu.flatMap((kind) => [0, 2].map((cpu) => [`${kind} of CPU ${cpu}`, '']))),
      ...(shape === 'late' ? { 'bypass of CPU 0': '', 'bypass of CPU 2': '' } : {}),
      'local of CPU 2': '14',
      'global of node 0': '',
      '0x77': '11,10',
      '0x99': '13,12',
      '0x5': '',
    })
    expect(sched.queue(0x77)).toMatchObject({ kind: 'user', depth: 2, cursors: 1, scheduler: guest.sched })
    expect(sched.queue('0x99')).toMatchObject({
      sequence: 40,
      tasks: [{ onPriorityTree: true }, { onPriorityTree: true }],
    })
  })

  it('sums its events over the CPUs', () => {
    expect(sched.events).toEqual([
      {
        scheduler: guest.sched,
        counters: [
          {
            name: 'SCX_EV_FIRST',
            total: 12n,
            cpus: [
              { cpu: 0, value: 5n },
              { cpu: 2, value: 7n },
            ],
          },
          {
            name: 'SCX_EV_SECOND',
            total: (1n << 40n) + 1n,
            cpus: [
              { cpu: 0, value: 1n << 40n },
              { cpu: 2, value: 1n },
            ],
          },
        ],
      },
    ])
  })

  it('has its state, and says what it does not keep', () => {
    expect(sched.ext).toMatchObject({ state: 'enabled', enableSequence: 3n, switchedAll: undefined })
    expect(sched.schedulers).toMatchObject([
      { name: 'made_up', timeoutMs: 30_000, bypassDepth: 0, isRoot: true },
    ])
    expect(sched.schedulers[0]?.aborting).toBe(shape === 'late' ? false : undefined)
    expect(sched.watchdog).toMatchObject({
      timeoutMs: 3000 * tick,
      ageMs: 200 * tick,
      intervalMs: 1500 * tick,
    })
    const absent = sched.absent.map(({ group }) => group)
    expect(absent).toContain('__scx_switched_all')
    expect(absent.includes('scx_aborting')).toBe(shape === 'early')
  })

  it('names the state and flags of a task', () => {
    expect(sched.task(10).schedExt).toMatchObject({
      state: 'ENABLED',
      flags: ['QUEUED'],
      opsState: 'NONE',
      stickyCpu: undefined,
      directQueue: undefined,
      runnableMs: 50 * tick,
    })
    expect(sched.task(10)).toMatchObject({
      processGroup: 10,
      session: 10,
      nice: 0,
      allowedCpus: [0, 2],
      schedClass: 'ext',
    })
    expect(sched.tasks.map(({ task }) => task.pid)).toEqual([0, 0, 10, 11, 12, 13, 14])
  })

  it('knows that a task on a queue waits for the scheduler', () => {
    const { kernel } = { kernel: Kernel.find(guest.guest.memory) }
    const { verdict, reasons, problems } = explain(kernel, 10)
    expect({ verdict, problems }).toEqual({ verdict: 'queued', problems: [] })
    expect(reasons[0]).toMatchObject({
      sentence:
        'task-10 (pid 10) has been ready for 500 ms and waits on DSQ 0x77, behind 1 other of 2: it runs only when ops.dispatch() of made_up moves it to a CPU.',
      facts: { position: 1, depth: 2, runnableMs: 500 },
    })
    expect(reasons[1]?.sentence).toMatch(/No task ever left DSQ 0x77/)
    expect(reasons.map(({ sentence }) => sentence).join()).toMatch(/CPUs 0,2, which it may use, are idle/)
    // Others have left the other queue.
    expect(explain(kernel, 12).toString()).not.toMatch(/ever left/)
    expect(explain(kernel, 14).toString()).toMatch(/first of 1 on DSQ local of CPU 2, which runs swapper\/2/)
  })
})

describe('what a task waits for', () => {
  const why = (members: Record<string, number | bigint>, prepare?: (guest: SchedGuest) => void) => {
    const guest = new SchedGuest('late')
    guest.addTask(7, members)
    prepare?.(guest)
    return explain(guest.kernel(), 7)
  }

  it.each([
    ['held', { 'scx.ops_state': 2 | (99 << 2) }, /is on no DSQ: ops.enqueue\(\) of made_up took it/],
    ['sleeping', { __state: 1, on_rq: 0 }, /it sleeps, in what could not be read \(state S\)/],
    ['sleeping', { __state: 2, on_rq: 0 }, /uninterruptibly, in what could not be read \(state D\)/],
    ['stopped', { __state: 4, on_rq: 0 }, /a signal or a debugger stopped it/],
    ['frozen', { __state: 0x8000, on_rq: 0 }, /It is frozen/],
    ['ended', { exit_state: 0x20, on_rq: 0 }, /has ended, and its parent swapper\/0/],
    ['waiting', { 'scx.sticky_cpu': 2 }, /It must go to CPU 2 next/],
    ['waiting', { 'scx.holding_cpu': 2 }, /CPU 2 is moving it to another runqueue/],
    ['waiting', { 'scx.ddsp_dsq_id': (3n << 62n) + 2n }, /direct dispatch to LOCAL_ON CPU 2 was decided/],
    ['waiting', { 'scx.flags': 0x201 }, /has not enabled the task \(READY\)/],
  ])('%s, %#', (verdict, members, sentence) => {
    const answer = why(members)
    expect(answer.verdict).toBe(verdict)
    expect(answer.toString()).toMatch(sentence)
  })

  it('a CPU that runs it', () => {
    const answer = why({}, (guest) => guest.objects.set('rq', guest.rq(2), { curr: guest.task(7) }))
    expect(answer).toMatchObject({
      verdict: 'running',
      reasons: [{ sentence: 'task-7 (pid 7) is running on CPU 2.' }],
    })
  })

  it('CPUs that are not online', () => {
    const answer = why({}, (guest) => guest.guest.u64(guest.symbol('__cpu_online_mask'), 0n))
    expect(answer.toString()).toMatch(/None of the CPUs that it may use \(0,2\) is online/)
  })

  it('a class above its own', () => {
    const answer = why({}, (guest) => {
      for (const cpu of [0, 2]) {
        const other = guest.addTask(90 + cpu, { sched_class: guest.symbol('rt_sched_class') })
        guest.objects.set('rq', guest.rq(cpu), { curr: other })
      }
    })
    expect(answer.toString()).toMatch(
      /^task-7 \(pid 7\) is ready, and every CPU that it may use runs a task of a higher class: CPU 0 task-90 .* of class rt/,
    )
  })

  it('the watchdog, which comes', () => {
    const answer = why({ 'scx.runnable_at': now - 2000n })
    expect(answer.toString()).toMatch(
      /ejects made_up when the task has waited for 30 s: in 10 s, or up to 15 s later/,
    )
  })

  it('a scheduler that is bypassed, and one that is leaving', () => {
    const answer = why({}, (guest) => {
      const text = guest.guest.alloc(32)
      guest.guest.text(text, 'it stalled')
      guest.objects.set('scx_sched', guest.sched, { bypass_depth: 1, 'exit_kind.counter': 1026 })
      guest.objects.set('scx_exit_info', guest.exitInfo, { msg: text })
    })
    expect(answer.toString()).toMatch(/The scheduler is bypassed/)
    expect(answer.toString()).toMatch(/made_up is on its way out \(ERROR_STALL: it stalled\)/)
  })
})

describe('ages', () => {
  it.each([
    ['a stamp in the future', { 'scx.runnable_at': now + 5n }, 0],
    ['no stamp', { 'scx.runnable_at': 0 }, undefined],
    ['a stamp from an earlier run', { 'scx.flags': 0x305 }, undefined],
    ['a task that is not queued', { 'scx.flags': 0x300 }, undefined],
    ['a stamp', { 'scx.runnable_at': now - 7n }, 7 * tick],
  ])('%s', (_what, members, expected) => {
    const guest = new SchedGuest('early')
    guest.addTask(5, members)
    expect(found(guest).task(5).schedExt?.runnableMs).toBe(expected)
  })

  it('order those who wait', () => {
    const guest = new SchedGuest('early')
    guest.addTask(5, { 'scx.runnable_at': now - 3n })
    guest.addTask(6, { 'scx.runnable_at': now - 9n })
    guest.addTask(7)
    guest.runnable(0, [5, 7])
    guest.runnable(2, [6])
    expect(found(guest).waiting.map(({ pid, waitingMs }) => [pid, waitingMs])).toEqual([
      [7, 50 * tick],
      [6, 9 * tick],
      [5, 3 * tick],
    ])
  })
})

describe('ruined structures', () => {
  const why = (guest: SchedGuest) => {
    const { queues, problems } = found(guest).snapshot()
    return {
      tasks: queues.flatMap(({ tasks }) => tasks.map(({ pid }) => pid)),
      problems: problems.map((p) => `${p.where}: ${p.why}`).join('\n'),
    }
  }
  const make = () => {
    const guest = new SchedGuest('late')
    for (const pid of [1, 2, 3]) guest.addTask(pid)
    guest.userQueues([{ id: 0x10n, tasks: [1, 2, 3] }])
    return guest
  }
  const node = (guest: SchedGuest, pid: number) =>
    guest.member(guest.task(pid), 'task_struct', 'scx.dsq_list.node')

  it('a list that loops', () => {
    const guest = make()
    guest.guest.u64(node(guest, 3), node(guest, 2))
    const answer = why(guest)
    expect(answer.tasks).toEqual([1, 2, 3])
    expect(answer.problems).toMatch(/DSQ 0x10: list loops/)
  })

  it('a list that leads nowhere', () => {
    const guest = make()
    guest.guest.u64(node(guest, 2), 0xffff800000001000n)
    const answer = why(guest)
    expect(answer.tasks).toEqual([1, 2, 3])
    expect(answer.problems).toMatch(/list breaks after 2 entries.*1 more were found from its end/)
  })

  it('a list that runs into another queue', () => {
    const guest = make()
    guest.addTask(4)
    guest.userQueues([
      { id: 0x10n, tasks: [1, 2, 3] },
      { id: 0x11n, tasks: [4] },
    ])
    guest.guest.u64(node(guest, 4), node(guest, 2))
    expect(why(guest).problems).toMatch(/runs into another queue's/)
  })

  it('a tree that is also that of another queue', () => {
    const guest = make()
    const [first = 0n, second = 0n] = guest.userQueues([
      { id: 0x10n, tasks: [1, 2], tree: [1, 2] },
      { id: 0x11n, tasks: [3], tree: [3] },
    ])
    const root = (queue: bigint): bigint => guest.member(queue, 'scx_dispatch_q', 'priq')
    guest.guest.write(root(second), guest.guest.bytesAt(root(first), 8))
    expect(why(guest).problems).toMatch(/DSQ 0x1[01], priority tree: it runs into another queue's at/)
  })

  it('a tree in another order than the list', () => {
    const guest = make()
    guest.userQueues([{ id: 0x12n, tasks: [1, 2, 3], tree: [2, 1, 3] }])
    expect(why(guest).problems).toMatch(/DSQ 0x12: its list has 3 tasks ordered by virtual time/)
  })

  it('a tree and a list of which one was changed when the guest stopped', () => {
    const guest = make()
    guest.userQueues([
      { id: 0x13n, tasks: [1, 2, 3], tree: [2, 1, 3], members: { 'lock.raw_lock.locked': 1 } },
    ])
    expect(why(guest).problems).toMatch(/or in another order; its lock is held/)
    expect(found(guest).queue(0x13)).toMatchObject({ changing: true })
  })

  it('a table that claims more queues than it has', () => {
    const guest = make()
    guest.objects.set('scx_sched', guest.sched, { 'dsq_hash.nelems.counter': 9 })
    expect(why(guest).problems).toMatch(/the table counts 9 DSQs, 1 were found/)
  })

  it('texts and frames of an exit that are not there', () => {
    const guest = make()
    guest.objects.set('scx_exit_info', guest.exitInfo, {
      msg: 0xffff800000001000n,
      bt: guest.exitInfo,
      bt_len: 0x7fffffff,
    })
    const sched = found(guest)
    expect(sched.schedulers[0]?.exit).toMatchObject({ message: undefined, backtrace: undefined })
    const problems = sched.problems.map(({ where }) => where).join('\n')
    expect(problems).toMatch(/msg/)
    expect(problems).toMatch(/scx_exit_info at 0x[0-9a-f]+, bt/)
  })

  it('whatever lies in memory ends in an answer, soon', () => {
    const guest = make()
    guest.runnable(0, [1, 2])
    const kernel = guest.kernel()
    const { bytes } = guest.guest.memory
    const spots = [
      guest.sched,
      guest.rq(0),
      guest.task(1),
      guest.task(2),
      guest.exitInfo,
      guest.symbol('scx_root'),
      guest.symbol('scx_tasks'),
      guest.symbol('jiffies_64'),
      guest.symbol('clocksource_jiffies'),
    ].map((address) => guest.guest.physicalOf(address))
    const pointers = [guest.task(1), guest.task(2), guest.sched, guest.rq(0), 0n, 1n, 0xffffffffffffffffn]
    const word = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(...pointers))
    const change = fc.record({ spot: fc.nat(spots.length - 1), offset: fc.nat(60), word })
    // A kernel without types is refused as a whole, which is another matter.
    const types = ['__start_BTF', '__stop_BTF'].map((name) => guest.guest.physicalOf(kernel.symbol(name)))
    const [typesStart = 0, typesEnd = 0] = types
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const before = bytes.slice()
        const view = new DataView(bytes.buffer, bytes.byteOffset)
        for (const { spot, offset, word: value } of changes) {
          const place = (spots[spot] ?? 0) + offset * 8
          if (place + 8 <= typesStart || place >= typesEnd) view.setBigUint64(place, value, true)
        }
        kernel.invalidate()
        try {
          const sched = new Sched(kernel)
          sched.toJSON()
          for (const { pid } of sched.waiting) quietly(() => explain(kernel, pid))
          quietly(() => explain(kernel, 1).toJSON())
          quietly(() => sched.stack(1))
          void [sched.schedstats, sched.cpuTimes, sched.numa, sched.exitLog]
        } finally {
          bytes.set(before)
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe.each(shapes)('two NUMA nodes, %s', (shape) => {
  it('have a global queue each', () => {
    const guest = new SchedGuest(shape, { nodes: 2 })
    for (const pid of [10, 11, 12]) guest.addTask(pid)
    const id = (1n << 63n) + 1n
    guest.fillQueue(guest.globalQueues[0] ?? 0n, { id, tasks: [12] })
    guest.fillQueue(guest.globalQueues[1] ?? 0n, { id, tasks: [11, 10] })
    const sched = found(guest)
    const queues = sched.queues.filter(({ kind }) => kind === 'global')
    expect(queues.map(({ name, node, tasks }) => [name, node, tasks.map(({ pid }) => pid)])).toEqual([
      ['global of node 0', 0, [12]],
      ['global of node 1', 1, [11, 10]],
    ])
    expect(sched.problems).toEqual([])
  })
})

describe('schedulers below the root', () => {
  it('are listed behind it, with their cgroup and whose they are', () => {
    const guest = new SchedGuest('late')
    const below = guest.addSubScheduler('for_jobs', '/jobs')
    const { schedulers } = found(guest)
    expect(schedulers).toMatchObject([
      { address: guest.sched, name: 'made_up', isRoot: true, level: 0, parent: undefined },
      { address: below, name: 'for_jobs', isRoot: false, level: 1, parent: guest.sched, cgroupPath: '/jobs' },
    ])
  })
})

describe('a kernel without sched_ext', () => {
  it('says so, and of what it lacks', () => {
    const state = new Sched(new KernelGuest().kernel()).snapshot()
    expect(state).toMatchObject({ state: undefined, schedulers: [], queues: [], events: [] })
    expect(state.absent.find(({ group }) => group === 'scheduler')?.reason).toMatch(/built without sched_ext/)
    expect(state.absent.map(({ group }) => group)).toEqual(
      expect.arrayContaining(['DSQs', 'events', 'jiffies']),
    )
  })
})

/** Errors for people are answers; anything else is a bug. */
function quietly(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if ((error as Error).name !== 'CryoscopeError' && (error as Error).name !== 'MemoryFault') throw error
  }
}
