import { describe, expect, it } from 'vitest'
import {
  cpuTimeTable,
  domainTable,
  environmentPairs,
  eventTable,
  linkTable,
  numaTable,
  queueTable,
  runqueueTable,
  schedulerPairs,
  taskTable,
  waitingTable,
} from '../../src/report/tables.js'
import { headOf } from './support/documents.js'

const runqueue = (cpu: number, parts: object = {}) => ({
  cpu,
  current: { pid: 5, name: 'load', schedClass: 'ext' },
  runnableTasks: 3,
  schedExt: { runnableTasks: 2, flags: ['ONLINE', 'BAL_KEEP'], runnable: [], rescue: null },
  ...parts,
})
const scheduler = (parts: object = {}) => ({
  name: 'made_up',
  address: '0x1',
  exit: null,
  flags: [],
  bypassDepth: 0,
  isRoot: true,
  cgroupPath: null,
  form: 'cpu',
  caps: null,
  ecaps: null,
  ...parts,
})
const sched = (parts: object = {}) => ({
  sched: {
    state: 'enabled',
    absent: [],
    schedulers: [],
    runqueues: [],
    queues: [],
    events: [],
    cids: null,
    watchdog: { timeoutMs: null, ageMs: null },
    exitLog: [],
    ...parts,
  },
})
const titles = ({ headings }: { headings: readonly { title: string }[] }) =>
  headings.map(({ title }) => title)

describe('tables of the scheduler', () => {
  it('have what each CPU runs', () => {
    const head = headOf(
      sched({
        runqueues: [
          runqueue(0),
          runqueue(1, { current: { pid: 0, name: 'swapper/1', schedClass: 'idle' } }),
          runqueue(2, { current: null, schedExt: null }),
        ],
      }),
    )
    expect(runqueueTable(head).rows).toEqual([
      [0, { text: 'load (5)', object: 'task:5' }, 'ext', 3, 2, 'ONLINE BAL_KEEP'],
      [1, 'swapper/1 (0)', 'idle', 3, 2, 'ONLINE BAL_KEEP'],
      [2, null, undefined, 3, undefined, undefined],
    ])
    expect(titles(runqueueTable(head))).toEqual(['CPU', 'RUNS', 'CLASS', 'READY', 'SCX', 'FLAGS'])
    expect(runqueueTable(headOf()).rows).toEqual([])
  })

  it('have queues that were ever used, and count the others', () => {
    const queue = (name: string, depth: number, sequence: number, tasks: object[] = []) => ({
      name,
      kind: 'user',
      depth,
      sequence,
      tasks,
    })
    const head = headOf(
      sched({
        queues: [
          queue('a', 1, 0, [
            { name: 'x', pid: 3 },
            { name: 'y', pid: 4 },
          ]),
          queue('b', 0, 1),
          queue('c', 0, 0),
          queue('d', 0, 0),
        ],
      }),
    )
    expect(queueTable(head)).toMatchObject({
      rows: [
        ['a', 'user', 1, 0, 'x (3), y (4)'],
        ['b', 'user', 0, 1, ''],
      ],
      unused: 2,
    })
  })

  it('have who waits, the longest first, with the queue that it is on', () => {
    const waiting = (pid: number, waitingMs: number | null, isCurrent = false) => ({
      pid,
      name: `w${pid}`,
      cpu: 1,
      waitingMs,
      isCurrent,
      address: `0x${pid}`,
    })
    const head = headOf(
      sched({
        runqueues: [
          runqueue(0, {
            schedExt: { flags: [], runnable: [waiting(1, null), waiting(2, 50), waiting(3, 900, true)] },
          }),
          runqueue(1, { schedExt: { flags: [], runnable: [waiting(4, 1500)] } }),
          runqueue(2, { schedExt: null }),
        ],
        queues: [{ name: '0x77', tasks: [{ address: '0x4' }] }],
      }),
    )
    expect(waitingTable(head).rows).toEqual([
      [4, { text: 'w4', object: 'task:4' }, 1, '1.5 s', '0x77'],
      [2, { text: 'w2', object: 'task:2' }, 1, '50 ms', undefined],
      [1, { text: 'w1', object: 'task:1' }, 1, null, undefined],
    ])
  })

  it('have counters that are not zero, with whose they are where there are several', () => {
    const counters = [
      { name: 'A', total: 3, cpus: [{ value: 1 }, { value: 2 }] },
      { name: 'B', total: '0', cpus: [] },
      { name: 'C', total: 0, cpus: [] },
    ]
    const one = headOf(sched({ events: [{ scheduler: '0x1', counters }], schedulers: [scheduler()] }))
    expect(eventTable(one).rows).toEqual([['A', 3, '1 2']])
    const two = headOf(
      sched({
        events: [
          { scheduler: '0x1', counters },
          { scheduler: '0x2', counters },
        ],
        schedulers: [scheduler()],
      }),
    )
    expect(eventTable(two).rows).toEqual([
      ['A of made_up', 3, '1 2'],
      ['A of ?', 3, '1 2'],
    ])
  })
})

describe('what the scheduler is at', () => {
  const pairs = (parts: object) => schedulerPairs(headOf(sched(parts))).slice(1)
  const said = (parts: object) => pairs({ schedulers: [scheduler(parts)] })[0]?.[1]

  it('is its state, and each scheduler with what is odd about it', () => {
    expect(schedulerPairs(headOf())).toEqual([])
    expect(schedulerPairs(headOf(sched()))).toEqual([['sched_ext', 'enabled']])
    expect(said({})).toBe('made_up')
    expect(said({ flags: ['ENQ_LAST', 'X'] })).toBe('made_up (ENQ_LAST X)')
    expect(said({ isRoot: false, cgroupPath: '/jobs', form: 'cid', bypassDepth: 2 })).toBe(
      'made_up, for cgroup /jobs, by cid, bypassed (depth 2)',
    )
    expect(said({ isRoot: false })).toBe('made_up, for cgroup (unknown)')
    expect(said({ isRoot: null, bypassDepth: null })).toBe('made_up')
    const exit = { kindValue: 1026, kind: 'ERROR_STALL', reason: 'stalled', message: 'task 3' }
    expect(said({ exit })).toBe('made_up, exit ERROR_STALL: stalled: task 3')
    expect(said({ exit: { ...exit, message: null } })).toBe(
      'made_up, exit ERROR_STALL: stalled (the rest could not be read)',
    )
    expect(said({ exit: { ...exit, reason: null } })).toBe(
      'made_up, exit ERROR_STALL: task 3 (the rest could not be read)',
    )
    expect(said({ exit: { ...exit, kindValue: 0 } })).toBe('made_up')
  })

  it('is the watchdog, where there is a scheduler, and who has left', () => {
    const watchdog = { timeoutMs: 30_000, ageMs: 2000 }
    expect(pairs({ watchdog })).toEqual([])
    expect(pairs({ watchdog, schedulers: [scheduler()] })[1]).toEqual([
      'watchdog',
      'ejects after a wait of 30 s, looked 2 s ago',
    ])
    expect(pairs({ watchdog: { ...watchdog, ageMs: null }, schedulers: [scheduler()] })[1]).toEqual([
      'watchdog',
      'ejects after a wait of 30 s',
    ])
    expect(pairs({ schedulers: [scheduler()] })).toHaveLength(1)
    expect(pairs({ exitLog: [{ scheduler: 'old', reason: 'stalled', message: '' }] })).toEqual([
      ['left', 'old: stalled'],
    ])
  })

  it('is what was granted, in force and rescued', () => {
    const caps = [{ name: 'enq', cids: [0, 1] }]
    const all = pairs({
      schedulers: [scheduler({ caps, ecaps: [{ name: 'enq', cpus: [2] }] })],
      cids: { cids: [], shards: [] },
      runqueues: [
        runqueue(2, {
          schedExt: { flags: [], runnable: [], rescue: { task: { pid: 8, name: 'x' }, budget: 5_000_000 } },
        }),
        runqueue(3, { schedExt: null }),
      ],
    })
    expect(all.map(([name]) => name).slice(0, 4)).toEqual(['scheduler', 'granted', 'in force', 'cids'])
    expect(all.slice(4)).toEqual([['rescued', 'x (8) on CPU 2, for which its scheduler lacks capabilities']])
  })
})

describe('tables of tasks, CPUs and nodes', () => {
  const task = (parts: object = {}) => ({
    pid: 5,
    tgid: 4,
    name: 'x',
    state: 'S',
    cpu: 1,
    isRunning: false,
    isKernelThread: false,
    details: null,
    stack: null,
    ...parts,
  })
  const frames = (...symbols: (string | null)[]) => ({
    stack: { frames: symbols.map((symbol) => ({ symbol })) },
  })
  const inOf = (parts: object) => taskTable(headOf({ tasks: [task(parts)] })).rows[0]?.at(-1)

  it('mark the CPU of a task that runs, and of one of which that is not known', () => {
    const { rows } = taskTable(headOf({ tasks: [true, false, null].map((isRunning) => task({ isRunning })) }))
    expect(rows.map((row) => row[4])).toEqual(['1*', '1', '1?'])
  })

  it('have where tasks sleep: the innermost function that is not the scheduler’s', () => {
    expect(inOf(frames('__schedule+0x1', 'schedule+0x2', null, 'futex_wait+0x3f', 'main+0x1'))).toBe(
      'futex_wait',
    )
    for (const own of [
      'switch_to',
      '__switch_to',
      'context_switch',
      'preempt_schedule_irq',
      'io_schedule',
      'do_nanosleep',
    ])
      expect(inOf(frames(`${own}+0x1`, 'f+0x1'))).toBe('f')
    expect(inOf(frames('my_schedule+0x1'))).toBe('my_schedule')
    expect(inOf(frames('schedule+0x1'))).toBeUndefined()
    expect(inOf({})).toBeUndefined()
  })

  it('have times of the kinds that any CPU spent, and interrupts', () => {
    const cpu = (number: number, user: string, nice: string) => ({
      cpu: number,
      nanoseconds: { user, nice },
      interrupts: '7',
    })
    const head = headOf({ cpuTime: [cpu(0, '0', '0'), cpu(1, '2500000', '0')] })
    expect(titles(cpuTimeTable(head))).toEqual(['CPU', 'USER', 'IRQS'])
    expect(cpuTimeTable(head).rows).toEqual([
      [0, '0 ns', '7'],
      [1, '2.5 ms', '7'],
    ])
    expect(cpuTimeTable(headOf()).rows).toEqual([])
    // Nothing where a figure could not be read, also of the first.
    const { user: _, ...unread } = cpu(0, '5', '0').nanoseconds
    const partial = headOf({
      cpuTime: [{ ...cpu(0, '5', '0'), nanoseconds: unread }, cpu(1, '2500000', '0')],
    })
    expect(cpuTimeTable(partial).rows.map(([, user]) => user)).toEqual([null, '2.5 ms'])
  })

  it('have domains of each CPU, and allocations of each node', () => {
    const domain = { level: 1, name: 'PKG', cpus: [0, 2], balanceInterval: 4, failedBalances: 1 }
    expect(
      domainTable(headOf({ domains: [{ cpu: 2, domains: [domain, { ...domain, cpus: null }] }] })).rows,
    ).toEqual([
      [2, 1, 'PKG', '0,2', 4, 1],
      [2, 1, 'PKG', undefined, 4, 1],
    ])
    const numa = headOf({
      numa: [
        { node: 0, events: { hit: 5, miss: 1 } },
        { node: 1, events: { hit: 2 } },
      ],
    })
    expect(titles(numaTable(numa))).toEqual(['NODE', 'HIT', 'MISS'])
    expect(numaTable(numa).rows).toEqual([
      [0, 5, 1],
      [1, 2, undefined],
    ])
  })

  it('have what links attach to', () => {
    const link = {
      id: 1,
      type: 'struct_ops',
      programId: 0,
      attachType: null,
      target: { kind: 'map', id: 4, name: 'ops' },
    }
    expect(linkTable(headOf({ links: [link, { ...link, programId: 6 }] })).rows).toEqual([
      [1, 'struct_ops', null, null, 'map 4 (ops)'],
      [1, 'struct_ops', { text: '6', object: 'program:6' }, null, 'map 4 (ops)'],
    ])
  })
})

describe('the environment in pairs', () => {
  it('has facts with how they are known, and clocks', () => {
    const facts = [
      { fact: 'release', value: '6.18', how: 'a' },
      { fact: 'modules', value: [], how: 'b' },
      { fact: 'proof', value: ['x', 'y'], how: 'c' },
      { fact: 'version', value: null, how: 'd' },
      { fact: 'vcpus', value: 0, how: 'e' },
    ]
    const time = { uptimeMs: 2000, realtime: 'then', jiffies: 5, hz: 100 }
    expect(environmentPairs(headOf({ environment: { release: '6.18', facts }, time }))).toEqual([
      ['release', '6.18', 'a'],
      ['modules', 'none', 'b'],
      ['proof', 'x; y', 'c'],
      ['version', 'not read', 'd'],
      ['vcpus', '0', 'e'],
      ['up', '2 s', 'jiffies and HZ'],
      ['clock', 'then', 'struct timekeeper, as old as its last update'],
      ['jiffies', '5', 'jiffies_64'],
      ['HZ', '100', 'clocksource_jiffies'],
    ])
    const unknown = { uptimeMs: null, realtime: null, jiffies: null, hz: null }
    expect(environmentPairs(headOf({ time: unknown }))).toEqual([
      ['jiffies', 'not read', 'jiffies_64'],
      ['HZ', 'not read', 'clocksource_jiffies'],
    ])
    expect(environmentPairs(headOf())).toEqual([])
  })
})
