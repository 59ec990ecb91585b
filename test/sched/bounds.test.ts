import { describe, expect, it, vi } from 'vitest'
import { Kernel } from '../../src/kernel/kernel.js'
import { problemText } from '../../src/problems.js'
import { Sched } from '../../src/sched/sched.js'
import { stackOfRegisters } from '../../src/sched/stack.js'
import { HoledMemory } from '../support/holed-memory.js'
import { addText } from '../support/program-objects.js'
import { writeList } from '../support/structures.js'
import { now, perSecond, SchedGuest } from './sched-guest.js'

const gone = 0xffff800000001000n
const tick = 1000 / perSecond
const hex = (value: bigint): string => `0x${value.toString(16)}`

function read(guest: SchedGuest) {
  const sched = new Sched(guest.kernel())
  const state = sched.snapshot()
  return { sched, state, said: state.problems.map(problemText) }
}

describe('capabilities', () => {
  const family = (change: (guest: SchedGuest, below: bigint) => void) => {
    const guest = new SchedGuest('late')
    const below = guest.addSubScheduler('for_jobs', '/jobs')
    change(guest, below)
    const { state, said } = read(guest)
    const where = `scx_sched at ${hex(below)}`
    return { caps: state.schedulers[1]?.caps, ecaps: state.schedulers[1]?.ecaps, said, where }
  }

  it('are granted in shards, of which there are so many, and some none', () => {
    const shards = (nr_pshards: number) =>
      family((guest, below) => {
        const array = guest.guest.alloc(8 * 4097)
        guest.objects.set('scx_sched', below, { pshard: array, nr_pshards })
      })
    expect(shards(4096)).toMatchObject({ said: [], caps: [{ name: 'enq_immed', cids: [] }, {}, {}, {}] })
    const { caps, said, where } = shards(4097)
    expect([caps, said]).toEqual([undefined, [`${where}, nr_pshards: 4097 shards cannot be`]])
    const none = family((guest, below) =>
      guest.objects.set('scx_sched', below, { pshard: 0n, nr_pshards: 3 }),
    )
    expect(none.caps?.map(({ cids }) => cids)).toEqual([[], [], [], []])
  })

  it('are of cids up to the last that there can be', () => {
    const last = family((guest, below) =>
      guest.grant(below, [{ base: 8190, count: 2, caps: [[8191], [8190, 8191], [], []] }]),
    )
    expect(last.caps?.map(({ cids }) => cids)).toEqual([[8191], [8190, 8191], [], []])
    const { caps, said, where } = family((guest, below) =>
      guest.grant(below, [{ base: 8191, count: 2, caps: [[], [], [], []] }]),
    )
    expect([caps, said]).toEqual([
      undefined,
      [`${where}, pshard[0]: its mask of enq_immed is of cids that cannot be`],
    ])
  })

  it('are of one cid in one shard: shards that repeat the same are none', () => {
    const shard = { base: 0, count: 128, caps: [[], Array.from({ length: 128 }, (_, cid) => cid), [], []] }
    const granted = (shards: number) =>
      family((guest, below) => guest.grant(below, Array(shards).fill(shard)))
    expect(granted(64).caps?.[1]?.cids).toHaveLength(8192)
    const { caps, said, where } = granted(90)
    expect([caps, said]).toEqual([
      undefined,
      [`${where}, pshard[64]: its mask of enq is of cids that cannot be`],
    ])
  })

  it('are in force by CPU, and unknown without memory for each CPU', () => {
    const { ecaps, said, where } = family((guest, below) => {
      guest.inForce(below, 0, 0b1001)
      guest.inForce(below, 2, 0b110010)
    })
    expect(ecaps).toEqual([
      { name: 'enq_immed', cpus: [0] },
      { name: 'enq', cpus: [2] },
      { name: 'preempt', cpus: [] },
      { name: 'perf', cpus: [0] },
    ])
    expect(said).toEqual([`${where}, ecaps: CPU 2 has capabilities without a name: 0x30`])
    const none = family((guest, below) => guest.objects.set('scx_sched', below, { pcpu: 0n }))
    expect([none.ecaps, none.said]).toEqual([
      undefined,
      [`events of ${none.where.slice(13)}: it has no counters: their pointer is null`],
    ])
  })
})

describe('queues', () => {
  const names = (guest: SchedGuest) => {
    const { state, said } = read(guest)
    return { names: state.queues.map(({ name }) => name), said, queues: state.queues }
  }

  it('of NUMA nodes are as many as the kernel has nodes', () => {
    const nodes = (count: number) => {
      const guest = new SchedGuest('early', { nodes: 2 })
      guest.guest.u32(guest.symbol('nr_node_ids'), count)
      const found = names(guest)
      return { global: found.names.filter((name) => name.startsWith('global')), said: found.said }
    }
    expect(nodes(1)).toEqual({ global: ['global of node 0'], said: [] })
    expect(nodes(2)).toEqual({ global: ['global of node 0', 'global of node 1'], said: [] })
    for (const count of [0, 4097])
      expect(nodes(count)).toEqual({ global: [], said: [`nr_node_ids: ${count} nodes cannot be`] })
    expect(nodes(4096).said.join()).not.toContain('nodes cannot be')
  })

  it('of schedulers without a name are told by address', () => {
    const guest = new SchedGuest('late')
    const below = guest.addSubScheduler('', '/jobs')
    guest.userQueues([{ id: 5n }], below)
    const { names: found } = names(guest)
    expect(found).toContain(`0x5 of the scheduler at ${hex(below)}`)
    expect(found).toContain('bypass of CPU 0 of made_up')
  })

  it('of two schedulers of one name and no cgroup too', () => {
    const guest = new SchedGuest('late')
    const below = guest.addSubScheduler('made_up', '/jobs')
    guest.objects.set('scx_sched', below, { cgrp_path: 0n })
    const { names: found } = names(guest)
    expect(found).toContain(`bypass of CPU 2 of made_up (at ${hex(below)})`)
    expect(found).toContain(`bypass of CPU 2 of made_up (at ${hex(guest.sched)})`)
  })

  it('have their tasks with position, time and order', () => {
    const guest = new SchedGuest('late')
    guest.addTask(1, { 'scx.runnable_at': now - 3n, 'scx.slice': 7, 'scx.dsq_vtime': 9 })
    guest.addTask(2, { 'scx.runnable_at': 0n })
    guest.userQueues([{ id: 5n, tasks: ['cursor', 1, 'cursor', 2], members: { nr: 2, seq: 11 } }])
    const { queues, said } = names(guest)
    expect(said).toEqual([])
    expect(queues.find(({ name }) => name === '0x5')).toMatchObject({
      depth: 2,
      cursors: 2,
      sequence: 11,
      changing: false,
      tasks: [
        {
          pid: 1,
          name: 'task-1',
          position: 0,
          waitingMs: 3 * tick,
          slice: 7n,
          virtualTime: 9n,
          onPriorityTree: false,
        },
        { pid: 2, position: 1, waitingMs: undefined },
      ],
    })
  })

  it('say where they count otherwise than they hold', () => {
    const guest = new SchedGuest('late')
    guest.addTask(1)
    guest.userQueues([{ id: 5n, tasks: [1], members: { nr: 3 } }])
    expect(names(guest).said).toEqual(['DSQ 0x5: it counts 3 tasks, its list holds 1'])
    const held = new SchedGuest('late')
    held.userQueues([{ id: 5n, members: { nr: 1, 'lock.raw_lock.locked': 1 } }])
    expect(names(held).said).toEqual([
      'DSQ 0x5: it counts 1 tasks, its list holds 0; its lock is held: the guest stopped in the middle of a change',
    ])
  })

  it('do not know how many are before a task behind a break', () => {
    const guest = new SchedGuest('late')
    for (const pid of [1, 2, 3]) guest.addTask(pid)
    guest.userQueues([{ id: 5n, tasks: [1, 2, 3] }])
    guest.guest.u64(guest.member(guest.task(1), 'task_struct', 'scx.dsq_list.node'), gone)
    const found = names(guest).queues.find(({ name }) => name === '0x5')
    expect(found?.tasks.map(({ pid, position }) => [pid, position])).toEqual([
      [1, 0],
      [2, undefined],
      [3, undefined],
    ])
    expect(found?.cursors).toBeUndefined()
  })
})

it('the schedulers are listed once for the kicks of all CPUs', () => {
  const listed = (cpus: readonly number[]): number => {
    const guest = new SchedGuest('late')
    guest.addSubScheduler('for_jobs', '/jobs')
    const kernel = guest.kernel()
    Object.defineProperty(kernel.cpus, 'possible', { value: cpus })
    const reads = vi.spyOn(kernel.space, 'u64')
    expect(new Sched(kernel).runqueues).toHaveLength(cpus.length)
    return reads.mock.calls.filter(([at]) => at === guest.symbol('scx_root')).length
  }
  expect([listed([0]), listed([0, 2])]).toEqual([1, 1])
})

describe('runqueues', () => {
  it('say what runs, and what is ready', () => {
    const guest = new SchedGuest('early')
    guest.addTask(7, { 'scx.dsq': 0x55n })
    guest.addTask(8, { 'scx.runnable_at': 0n })
    guest.runnable(2, [7, 8])
    guest.objects.set('rq', guest.rq(2), {
      curr: guest.task(7),
      nr_running: 4,
      online: 0,
      'scx.flags': 9,
      'scx.cpu_released': 1,
      'scx.pnt_seq': 77,
      'scx.ops_qseq': 88,
    })
    const { state, said, sched } = read(guest)
    expect(said).toEqual([])
    expect(state.runqueues).toMatchObject([
      {
        cpu: 0,
        address: guest.rq(0),
        online: true,
        clock: 123_456_789n,
        current: { pid: 0, isIdle: true, schedClass: 'idle', scheduler: undefined },
        schedExt: {
          cpuReleased: false,
          flags: ['ONLINE'],
          runnableTasks: 0,
          runnable: [],
          rescue: undefined,
        },
      },
      {
        cpu: 2,
        online: false,
        runnableTasks: 4,
        changing: false,
        switches: undefined,
        current: { address: guest.task(7), pid: 7, name: 'task-7', isIdle: false, schedClass: 'ext' },
        schedExt: {
          cpuReleased: true,
          flags: ['ONLINE', 'BAL_KEEP'],
          runnableTasks: 2,
          kickSync: 77n,
          opsSequence: 88n,
          clock: undefined,
          immediateTasks: undefined,
          runnable: [
            {
              pid: 7,
              cpu: 2,
              isCurrent: true,
              waitingMs: 50 * tick,
              queueAddress: 0x55n,
              scheduler: undefined,
            },
            { pid: 8, cpu: 2, isCurrent: false, waitingMs: undefined, queueAddress: 0n },
          ],
          deferred: [],
        },
      },
    ])
    expect(sched.waiting.map(({ pid }) => pid)).toEqual([8])
    expect(state.counts.waiting).toBe(1)
  })

  it('do not tell who waits where it is not known who runs', () => {
    const guest = new SchedGuest('early')
    guest.addTask(7)
    guest.runnable(2, [7])
    guest.objects.set('rq', guest.rq(2), { curr: gone })
    const { state, said, sched } = read(guest)
    expect(state.runqueues[1]?.current).toBeUndefined()
    expect(said).toEqual([expect.stringMatching(/^rq of CPU 2, curr: page not present/)])
    expect(sched.waiting).toEqual([])
    expect(state.counts.waiting).toBeNull()
    const none = new SchedGuest('early')
    none.objects.set('rq', none.rq(2), { curr: 0n })
    expect(read(none).state.runqueues[1]?.current).toBeUndefined()
  })

  it('hold dispatches to other CPUs back while their lock is held', () => {
    const guest = new SchedGuest('early')
    guest.addTask(7)
    writeList(guest.guest, guest.member(guest.rq(0), 'rq', 'scx.ddsp_deferred_locals'), [
      guest.member(guest.task(7), 'task_struct', 'scx.dsq_list.node'),
    ])
    expect(read(guest).state.runqueues[0]?.schedExt?.deferred).toMatchObject([{ pid: 7, position: 0 }])
  })

  it('kick CPUs by masks that they point at', () => {
    const guest = new SchedGuest('early')
    const mask = guest.guest.alloc(16)
    guest.guest.u64(mask, 0b101n)
    guest.objects.set('rq', guest.rq(0), { 'scx.cpus_to_kick': mask })
    guest.objects.set('rq', guest.rq(2), { 'scx.cpus_to_kick': gone })
    const { state, said } = read(guest)
    expect(state.runqueues[0]?.schedExt?.kicks).toEqual({ cpus_to_kick: '0,2' })
    expect(state.runqueues[1]?.schedExt?.kicks).toEqual({})
    expect(said).toEqual([expect.stringMatching(/^cpus_to_kick of CPU 2: page not present/)])
  })
})

describe('schedulers', () => {
  it('have the parent that stands before them among their ancestors', () => {
    const parent = (members: Readonly<Record<string, number | bigint>>) => {
      const guest = new SchedGuest('late')
      const below = guest.addSubScheduler('for_jobs', '/jobs')
      guest.objects.set('scx_sched', below, { 'ancestors[1]': 0x200n, 'ancestors[2]': 0x300n, ...members })
      const found = new Sched(guest.kernel()).schedulers[1]
      return [found?.level, found?.parent === guest.sched ? 'root' : found?.parent]
    }
    expect(parent({})).toEqual([1, 'root'])
    expect(parent({ level: 3 })).toEqual([3, 0x300n])
    expect(parent({ level: 0 })).toEqual([0, undefined])
    expect(parent({ level: 65 })).toEqual([65, undefined])
    expect(parent({ level: -1 })).toEqual([-1, undefined])
  })

  it('have a watchdog of their own since there are several, in ticks', () => {
    const watchdog = (watchdog_timeout: bigint) => {
      const guest = new SchedGuest('late')
      guest.objects.set('scx_sched', guest.sched, { watchdog_timeout })
      return new Sched(guest.kernel()).schedulers[0]?.watchdogMs
    }
    expect(watchdog(250n)).toBe(2500)
    expect(watchdog((1n << 40n) - 1n)).toBe(((2 ** 40 - 1) * 1000) / perSecond)
    // Whatever that was, it is no time.
    expect(watchdog(1n << 40n)).toBeUndefined()
    expect(new Sched(new SchedGuest('early').kernel()).schedulers[0]?.watchdogMs).toBeUndefined()
  })

  it('have a cgroup, by a path that can be read', () => {
    const guest = new SchedGuest('late')
    const below = guest.addSubScheduler('for_jobs', '/jobs')
    guest.objects.set('scx_sched', below, { cgrp_path: gone })
    const { state, said } = read(guest)
    expect(state.schedulers.map(({ cgroupPath }) => cgroupPath)).toEqual([undefined, undefined])
    expect(said).toContainEqual(expect.stringMatching(/^scx_sched.cgrp_path: page not present/))
  })

  it('have more to say than a page holds only of what the kernel dumped', () => {
    const guest = new SchedGuest('late')
    const long = addText(guest.guest, 'd'.repeat(5000))
    const bt = guest.guest.alloc(8 * 1024)
    guest.objects.set('scx_exit_info', guest.exitInfo, {
      reason: long,
      msg: long,
      dump: long,
      bt,
      bt_len: 1024,
    })
    const { state, said } = read(guest)
    const { exit } = state.schedulers[0] ?? {}
    expect([exit?.reason?.length, exit?.message?.length, exit?.dump?.length]).toEqual([4096, 4096, 5000])
    expect(exit?.backtrace).toHaveLength(1024)
    expect(said).toEqual([])
  })
})

it.each(['early', 'late'] as const)(
  'events of no counters are none, and not those of something else: %s',
  (shape) => {
    const guest = new SchedGuest(shape)
    guest.objects.set('scx_sched', guest.sched, shape === 'late' ? { pcpu: 0n } : { event_stats_cpu: 0n })
    const { state, said } = read(guest)
    expect(state.events).toEqual([])
    expect(said).toEqual([`events of ${hex(guest.sched)}: it has no counters: their pointer is null`])
  },
)

it('a scheduler is told to be the root by its level where it cannot be read which is', () => {
  const guest = new SchedGuest('late', { apart: true })
  const below = guest.addSubScheduler('for_jobs', '/jobs')
  guest.kernel()
  const hole = Math.floor(guest.guest.physicalOf(guest.symbol('scx_root')) / 4096)
  const kernel = Kernel.find(new HoledMemory(guest.guest.memory, (frame) => frame === hole))
  const { schedulers } = new Sched(kernel).snapshot()
  expect(schedulers.map(({ address, isRoot }) => [address, isRoot])).toEqual([
    [guest.sched, true],
    [below, false],
  ])
})

it.each([{ pc: 1n, sp: 2n }, { pc: 1n, x29: 3n }, { sp: 2n, x29: 3n }, { rip: 1n }, { rsp: 2n }])(
  'registers of which some are missing (%o) do not say where a stack is',
  (registers) => {
    const kernel = new SchedGuest('early').kernel()
    expect(() => stackOfRegisters(kernel, registers, undefined)).toThrow(
      'the target does not say where its stack is',
    )
  },
)

describe('what lies on a stack without unwind tables', () => {
  it('is looked for in one stack’s size, and as many frames as there can be', () => {
    const guest = new SchedGuest('early')
    const text = guest.guest.image(0x1000, 4096)
    const called = guest.guest.symbol('called', text + 0x100n, 't')
    guest.guest.symbol('_etext', text + 0x400n, 'T')
    const stack = guest.guest.alloc(40_960, 16_384)
    const word = (n: number) => guest.guest.u64(stack + BigInt(n * 8), called + 0x10n)
    for (const n of [0, 2047, 2048]) word(n)
    const kernel = guest.kernel()
    const walk = () => stackOfRegisters(kernel, { rip: called, rsp: stack, rbp: 0n }, undefined)
    expect(walk().frames.map(({ symbol, isCertain }) => [symbol, isCertain])).toEqual([
      ['called', true],
      ['called+0x10', false],
      ['called+0x10', false],
    ])
    for (let n = 0; n < 2048; n++) word(n)
    kernel.invalidate()
    expect(walk().frames).toHaveLength(512)
  })
})
