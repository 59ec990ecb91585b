import { describe, expect, it } from 'vitest'
import type { BpfProgram } from '../../src/bpf/program.js'
import { Found } from '../../src/found.js'
import type { LogRecord } from '../../src/kernel/dmesg.js'
import type { Panic } from '../../src/kernel/panic.js'
import { machineSentences, panicSentences } from '../../src/report/story-machine.js'
import type { StoryScene } from '../../src/report/story-scene.js'

const scene = (parts: Readonly<Record<string, unknown>>): StoryScene =>
  ({
    sched: undefined,
    cpus: [],
    programs: Found.all([]),
    countsRuns: true,
    log: Found.all([]),
    panic: undefined,
    ...parts,
  }) as unknown as StoryScene

const told = (parts: Readonly<Record<string, unknown>>): string[] =>
  machineSentences(scene(parts)).map(({ weight, sentence }) => `${weight}: ${sentence}`)

describe('what CPUs do', () => {
  const idle = (cpu: number, ready = 0) => ({
    cpu,
    online: true,
    runnableTasks: ready,
    current: { pid: 0, name: `swapper/${cpu}`, schedClass: 'idle', isIdle: true },
  })
  const busy = (cpu: number, schedClass: string | undefined = 'ext') => ({
    cpu,
    online: undefined,
    runnableTasks: 1,
    current: { pid: 100 + cpu, name: `load-${cpu}`, schedClass, isIdle: false },
  })
  const lost = (cpu: number) => ({ cpu, online: true, runnableTasks: 0, current: undefined })
  const offline = (cpu: number) => ({ ...idle(cpu), online: false })
  const of = (...seen: readonly { cpu: number }[]) => ({
    sched: { runqueues: Found.all(seen) },
    cpus: seen.map(({ cpu }) => cpu),
  })

  it('is told of each while they are few', () => {
    expect(told(of(idle(0)))).toEqual(['fact: CPU 0 is idle.'])
    expect(told(of(idle(0), idle(1), busy(2), busy(3)))).toEqual([
      'fact: CPUs 0-1 are idle, CPU 2 runs load-2 (pid 102) of class ext, CPU 3 runs load-3 (pid 103) of class ext.',
    ])
    const eight = Array.from({ length: 8 }, (_, cpu) => busy(cpu))
    expect(told(of(...eight))[0]).toMatch(
      /^fact: CPU 0 runs load-0 .*, CPU 7 runs load-7 \(pid 107\) of class ext\.$/,
    )
    expect(told(of(...eight, busy(8)))).toEqual(['fact: 9 CPUs run tasks.'])
    expect(told(of(...eight, busy(8), lost(9)))).toEqual([
      'fact: At least 9 CPUs run tasks, what CPU 9 does could not be read.',
    ])
    expect(told(of(lost(0), lost(1)))).toEqual(['fact: What CPUs 0-1 do could not be read.'])
  })

  it('is not told of those that are offline; a class that could not be read is not made up', () => {
    expect(told(of(offline(0), idle(1)))).toEqual(['fact: CPU 1 is idle.'])
    expect(told(of(offline(0)))).toEqual([])
    const [first] = machineSentences(
      scene(of({ ...busy(3), current: { ...busy(3).current, schedClass: undefined } } as never)),
    )
    expect(first?.sentence).toBe('CPU 3 runs load-3 (pid 103) of class (unknown).')
    // A runqueue that was not come across at all.
    expect(told({ ...of(idle(0)), cpus: [0, 1] })).toEqual([
      'fact: CPU 0 is idle, what CPU 1 does could not be read.',
    ])
  })

  it('has its numbers in the facts, and is about those that run tasks', () => {
    const [first] = machineSentences(scene(of(idle(0), busy(1), lost(2))))
    expect(first).toMatchObject({
      topic: 'cpus',
      facts: {
        cpus: [
          { cpu: 0, pid: 0, name: 'swapper/0', class: 'idle', ready: 0 },
          { cpu: 1, pid: 101, name: 'load-1', class: 'ext', ready: 1 },
        ],
        unknown: [2],
      },
      about: [{ kind: 'cpu', cpu: 1 }],
    })
    const nine = machineSentences(scene(of(...Array.from({ length: 9 }, (_, cpu) => busy(cpu)))))
    expect(nine[0]?.about).toHaveLength(8)
  })

  it('is worth a look where they idle with tasks on their runqueues', () => {
    expect(told(of(idle(0, 1), idle(1)))[1]).toBe(
      'notice: 1 task is ready on the runqueues of CPU 0, which idles all the same.',
    )
    expect(told(of(idle(0, 1), idle(1, 2)))[1]).toBe(
      'notice: 3 tasks are ready on the runqueues of CPUs 0-1, which idle all the same.',
    )
    expect(told(of(idle(0, 1), lost(1)))[1]).toBe(
      'notice: At least 1 task is ready on the runqueues of CPU 0, which idles all the same.',
    )
    expect(machineSentences(scene(of(idle(0, 1), busy(1))))[1]).toMatchObject({
      facts: { ready: [{ cpu: 0, ready: 1 }] },
      about: [{ kind: 'cpu', cpu: 0 }],
    })
    expect(told(of(idle(0), busy(1)))).toHaveLength(1)
  })
})

const record = (text: string, seconds = 7, level = 1): LogRecord => ({
  sequence: 1n,
  time: BigInt(seconds) * 1_000_000_000n,
  facility: 0,
  level,
  text,
})

describe('a panic', () => {
  const panic: Panic = {
    cpu: 2,
    task: { pid: 7, name: 'writer' } as Panic['task'],
    message: 'Fatal exception',
    time: 12_345_678_901n,
    cause: 'BUG: no page',
    where: 'crash+0x1',
  }
  const said = (known: Partial<Panic>, log = Found.all<LogRecord>([])) =>
    panicSentences(scene({ panic: { ...panic, ...known }, log }))
  const lost = Found.some<LogRecord>([], 'a page is missing')

  it('is told with where, when, and what led to it', () => {
    expect(said({})).toEqual([
      {
        topic: 'log',
        weight: 'trouble',
        sentence:
          'The kernel panicked after 12.3 s on CPU 2, in writer (pid 7): Fatal exception. It began with: BUG: no page, at crash+0x1',
        facts: {
          cpu: 2,
          pid: 7,
          name: 'writer',
          message: 'Fatal exception',
          time: 12_345_678_901n,
          cause: 'BUG: no page',
          where: 'crash+0x1',
        },
        about: [
          { kind: 'cpu', cpu: 2 },
          { kind: 'task', pid: 7, name: 'writer' },
        ],
      },
    ])
    expect(panicSentences(scene({}))).toEqual([])
  })

  it('has only what is known', () => {
    const [bare] = said({
      task: undefined,
      message: undefined,
      time: undefined,
      cause: undefined,
      where: undefined,
    })
    expect(bare).toMatchObject({
      sentence: 'The kernel panicked on CPU 2',
      facts: { cpu: 2 },
      about: [{ kind: 'cpu', cpu: 2 }],
    })
    expect(Object.keys(bare?.facts ?? {})).toEqual(['cpu'])
  })

  it('is not explained by a log of which a part is lost', () => {
    expect(said({}, lost)[0]?.sentence).toBe(
      'The kernel panicked after 12.3 s on CPU 2, in writer (pid 7): Fatal exception (its log could not be read whole)',
    )
    // The time is that of a complaint then, which need not be the last.
    expect(said({ message: undefined }, lost)[0]?.sentence).toBe(
      'The kernel panicked on CPU 2, in writer (pid 7) (its log could not be read whole)',
    )
    expect(said({ message: undefined })[0]?.sentence).toMatch(/^The kernel panicked after 12.3 s on CPU 2/)
  })
})

describe('complaints of the kernel', () => {
  const log = [
    record('BUG: one', 5),
    record('RIP: 0010:crash+0x1', 5, 6),
    record('BUG: two', 10),
    record('BUG: again', 11),
  ]

  it('are told by the last one, with its place, and how many there are', () => {
    expect(told({ log: Found.all(log.slice(0, 2)) })).toEqual([
      'trouble: The kernel complained after 5 s: BUG: one, at crash+0x1',
    ])
    expect(told({ log: Found.all(log) })).toEqual([
      'trouble: The kernel complained after 10 s: BUG: two (the last of 2 complaints)',
    ])
    expect(told({ log: Found.some(log, 'lost') })).toEqual([
      'trouble: The kernel complained after 10 s: BUG: two (one of at least 2 complaints; the log could not be read whole)',
    ])
    expect(told({ log: Found.some(log.slice(0, 1), 'lost') })[0]).toMatch(/one of at least 1 complaint; /)
  })

  it('have their records in the facts, the last ten', () => {
    const [first] = machineSentences(scene({ log: Found.all(log) }))
    expect(first).toMatchObject({
      topic: 'log',
      facts: {
        complaints: [
          { time: 5_000_000_000n, level: 1, text: 'BUG: one', where: 'crash+0x1', messages: 1 },
          { time: 10_000_000_000n, level: 1, text: 'BUG: two', where: undefined, messages: 2 },
        ],
      },
      about: [],
    })
    const many = Array.from({ length: 12 }, (_, i) => record(`BUG: ${i}`, i * 10))
    expect(machineSentences(scene({ log: Found.all(many) }))[0]?.facts).toMatchObject({
      complaints: many.slice(2).map(({ text }) => ({ text })),
    })
  })

  it('are not told twice: what led to a panic is told there, if the log is whole', () => {
    const panic = { cause: 'BUG: two' }
    expect(told({ log: Found.all(log), panic })).toEqual([
      'trouble: The kernel complained after 5 s: BUG: one, at crash+0x1',
    ])
    expect(told({ log: Found.some(log, 'lost'), panic })[0]).toMatch(/BUG: two/)
    expect(told({ log: Found.all([record('all is well', 1, 6)]) })).toEqual([])
  })
})

describe('programs', () => {
  const program = (id: number, name: string, runCount: bigint | undefined, runTime: bigint, misses = 0n) =>
    ({ id, name, runCount, runTime, recursionMisses: misses }) as BpfProgram
  const of = (list: readonly BpfProgram[], isWhole = true) => ({
    programs: isWhole ? Found.all(list) : Found.some(list, 'lost'),
  })

  it('are told by those that took the most time, three of them', () => {
    const list = [
      program(1, 'a', 1n, 3_000_000n),
      program(2, '', 2n, 8_000_000n),
      program(3, 'c', 4n, 2_000_000n),
      program(4, 'd', 5n, 5_000_000_000n),
      program(5, 'e', undefined, 0n),
      program(6, 'f', 0n, 0n),
    ]
    expect(told(of(list))).toEqual([
      'fact: 6 BPF programs took 5 s while runs were counted; the busiest: d (5 s in 5 runs, 1 s each), program 2 (8 ms in 2 runs, 4 ms each), a (3 ms in 1 run, 3 ms each).',
    ])
    expect(told(of([program(1, 'a', 1n, 499_999n)]))[0]).toMatch(/^fact: 1 BPF program took 0 ms while/)
    expect(told(of(list.slice(0, 1), false))).toEqual([
      'fact: At least 1 BPF program took at least 3 ms while runs were counted; the busiest that could be read: a (3 ms in 1 run, 3 ms each).',
    ])
    expect(machineSentences(scene(of(list.slice(0, 1))))[0]).toMatchObject({
      topic: 'programs',
      facts: { programs: 1, busiest: [{ id: 1, name: 'a', runCount: 1n, runTime: 3_000_000n }] },
      about: [{ kind: 'program', id: 1, name: 'a' }],
    })
  })

  it('are only counted where the kernel does not count their runs', () => {
    const idle = of([program(1, 'a', 0n, 0n)])
    expect(told({ ...idle, countsRuns: false })).toEqual([
      'fact: 1 BPF program loaded; the kernel does not count their runs (sysctl kernel.bpf_stats_enabled).',
    ])
    expect(machineSentences(scene({ ...idle, countsRuns: false }))[0]?.facts).toEqual({
      programs: 1,
      countsRuns: false,
    })
    expect(told({ ...idle, countsRuns: undefined })).toEqual([])
    expect(told({ ...of([]), countsRuns: false })).toEqual([])
  })

  it('that were skipped are told by the one that was most', () => {
    const skipped = (list: readonly BpfProgram[], isWhole = true) => told(of(list, isWhole)).at(-1)
    const once = program(1, 'a', 0n, 0n, 1n)
    const often = program(2, '', 30n, 0n, 10n)
    expect(skipped([once])).toBe('notice: a was skipped once because it ran already.')
    expect(skipped([once, often])).toBe(
      'notice: Program 2 was skipped 10 times because it ran already, 25.00 % of its runs; 1 other program was skipped too.',
    )
    expect(skipped([once, often, program(3, 'c', 0n, 0n, 2n)])).toMatch(
      /; 2 other programs were skipped too\.$/,
    )
    expect(skipped([once, often], false)).toMatch(/; at least 1 other program was skipped too\.$/)
    expect(skipped([once], false)).toBe(
      'notice: a was skipped once because it ran already; whether others were could not be read.',
    )
    expect(machineSentences(scene(of([once, often]))).at(-1)).toMatchObject({
      facts: {
        skipped: [
          { id: 2, recursionMisses: 10n },
          { id: 1, recursionMisses: 1n },
        ],
      },
      about: [{ kind: 'program', id: 2, name: '' }],
    })
  })
})
