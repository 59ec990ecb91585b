import { describe, expect, it } from 'vitest'
import { Btf } from '../../../src/btf/btf.js'
import type { Kernel } from '../../../src/kernel/kernel.js'
import { expectIds, readPrograms } from '../../../src/report/parts/programs.js'
import { readCpuTime, readDomains, readNumaNodes } from '../../../src/report/parts/sched.js'
import { readTasks } from '../../../src/report/parts/tasks.js'
import { readTime } from '../../../src/report/parts/time.js'
import { readVcpus } from '../../../src/report/parts/vcpus.js'
import type { SectionName } from '../../../src/report/schema.js'
import { type SectionNotes, Sections } from '../../../src/report/sections.js'
import type { Sched } from '../../../src/sched/sched.js'
import type { Session } from '../../../src/session/session.js'
import { addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeTasks } from '../../support/kernel-objects.js'
import { Types } from '../../support/kernel-types.js'
import { ObjectWriter } from '../../support/object-writer.js'
import { sessionOf } from '../support/worlds.js'

/** What a part gives, and what it says of itself. */
function taken<T>(name: SectionName, otherwise: T, read: (notes: SectionNotes) => T) {
  const sections = new Sections()
  const value = sections.take(name, otherwise, read)
  const whole = sections.statuses[name]
  if (whole === undefined) throw new Error(`there is no section ${name}`)
  const { milliseconds: _, ...status } = whole
  return { value, status, problems: sections.problems }
}

describe('the time of a report', () => {
  const t = new Types()
  const { u32, u64, s64 } = t
  t.struct('clocksource', { rating: u32, shift: u32, mult: u32 })
  const timespec = t.struct('timespec64', { tv_sec: s64, tv_nsec: s64 })
  const base = t.struct('tk_read_base', { shift: u32, pad: u32, xtime_nsec: u64 })
  const keeper = t.struct('timekeeper', {
    xtime_sec: u64,
    tkr_mono: base,
    wall_to_monotonic: timespec,
    offs_boot: s64,
  })
  t.struct('tk_data', { seq: u64, timekeeper: keeper })
  const types = Btf.parse(t.b.build(), { name: 'clocks' })
  const hz = 250
  /** INITIAL_JIFFIES: five minutes before 32 bits are full. */
  const start = 2n ** 32n - 300n * BigInt(hz)

  const world = (jiffies: bigint | undefined, seconds?: bigint): Kernel => {
    const guest = new KernelGuest({ btf: types.bytes })
    const objects = new ObjectWriter(guest, types)
    if (jiffies !== undefined) guest.u64(guest.global('jiffies_64', 8), jiffies)
    const clock = guest.global('clocksource_jiffies', objects.sizeOf('clocksource'))
    objects.set('clocksource', clock, { mult: 4_000_000, shift: 0 })
    if (seconds !== undefined) {
      const data = guest.global('tk_core', objects.sizeOf('tk_data'))
      objects.set('tk_data', data, {
        'timekeeper.xtime_sec': seconds,
        'timekeeper.wall_to_monotonic.tv_sec': -1000n,
        'timekeeper.offs_boot': 5n,
      })
    }
    return guest.kernel()
  }
  const read = (kernel: Kernel) =>
    taken('time', null as ReturnType<typeof readTime> | null, (notes) => readTime(kernel, notes))

  it('is that of its jiffies since they began, and its clocks', () => {
    const { value, status } = read(world(start + 1050n, 1_700_000_000n))
    expect(value).toEqual({
      jiffies: Number(start) + 1050,
      hz,
      uptimeMs: 4200,
      clocks: {
        realtime: '1700000000000000000',
        monotonic: '1699999000000000000',
        boottime: '1699999000000000005',
      },
      realtime: '2023-11-14T22:13:20.000Z',
    })
    expect(status).toMatchObject({ status: 'complete', obtained: 1 })
    expect(read(world(start + 1n)).value?.uptimeMs).toBe(4)
  })

  it('lacks ticks that cannot be read, and says where they lie', () => {
    const guest = new KernelGuest({ btf: types.bytes })
    guest.symbol('jiffies_64', 0xffffffffc0000000n)
    const { value, status } = read(guest.kernel())
    expect(value).toMatchObject({ jiffies: null, uptimeMs: null })
    expect(status.reasons.join()).toMatch(/page not present at 0xffffffffc0000000/)
  })

  it('lacks what cannot be read, with the reason', () => {
    const { value, status, problems } = read(world(undefined))
    expect(value).toEqual({ jiffies: null, hz: null, uptimeMs: null, clocks: null, realtime: null })
    expect(status).toMatchObject({
      status: 'partial',
      reasons: [expect.stringMatching(/^clocks: .*not known here/)],
    })
    expect(problems.find(({ subject }) => subject === 'jiffies')).toMatchObject({
      severity: 'note',
      code: 'absent',
    })
    // A wall clock far from any date is shown as numbers alone.
    expect(read(world(start, 8_640_000_000_000n)).value?.realtime).toBe('+275760-09-13T00:00:00.000Z')
    expect(read(world(start, 8_640_000_000_001n)).value?.realtime).toBeNull()
  })
})

describe('tasks of a report', () => {
  const world = (threads: number | undefined) => {
    const guest = new KernelGuest()
    writeTasks(guest, [{ pid: 1 }, { pid: 7 }])
    if (threads !== undefined) guest.u32(guest.global('nr_threads', 4), threads)
    guest.finish()
    const vm = sessionOf(guest.memory)
    return taken('tasks', [] as ReturnType<typeof readTasks>, (notes) => readTasks(vm, notes))
  }

  it('say what of them this kernel does not keep', () => {
    const notes = world(2).problems.filter(({ code }) => code === 'absent')
    expect(notes.map(({ severity, subject }) => `${severity} ${subject}`)).toContain('note jiffies')
  })

  it('are as many as the kernel counts, with an idle task for each CPU', () => {
    expect(world(2).status).toMatchObject({ expected: 4, obtained: 4 })
    expect(world(3).status).toMatchObject({ expected: 5, obtained: 4, status: 'partial' })
    expect(world(undefined).status).toMatchObject({ expected: null, obtained: 4 })
    // What no kernel can count is not believed.
    expect(world(2 ** 22).status.expected).toBe(2 ** 22 + 2)
    expect(world(2 ** 22 + 1).status.expected).toBeNull()
    expect(world(2).value.map(({ pid, startTime }) => [pid, startTime])).toEqual([
      [0, null],
      [0, null],
      [1, null],
      [7, null],
    ])
  })
})

describe('what schedulers count', () => {
  const sched = (parts: Readonly<Record<string, unknown>>) =>
    ({ schedstats: [], cpuTimes: [], numa: [], problems: [], absent: [], ...parts }) as unknown as Sched
  const node = { node: 0, events: {} }
  const numa = (parts: Readonly<Record<string, unknown>>) =>
    taken('numa', [] as unknown[], (notes) => readNumaNodes(sched(parts), notes))

  it('is unavailable where the kernel does not keep it, and noted where it keeps some', () => {
    const absent = [{ group: 'NUMA events', reason: 'no node_data' }]
    expect(numa({ absent }).status).toEqual({
      status: 'unavailable',
      expected: null,
      obtained: 0,
      reasons: ['no node_data'],
    })
    const some = numa({ absent, numa: [node] })
    expect(some.status).toMatchObject({ status: 'complete', obtained: 1 })
    expect(some.problems).toEqual([
      { severity: 'note', code: 'absent', subject: 'NUMA events', message: 'no node_data' },
    ])
    // How long a tick is has nothing to do with it.
    for (const group of ['jiffies', 'HZ'])
      expect(numa({ absent: [{ group, reason: 'x' }] }).status.status).toBe('complete')
  })

  it('says what could not be read', () => {
    const problems = [{ where: 'node 1', why: 'lost' }]
    expect(numa({ problems, numa: [node] }).status).toMatchObject({
      status: 'partial',
      reasons: ['node 1: lost'],
    })
    for (const [name, read] of [
      ['domains', readDomains],
      ['cpuTime', readCpuTime],
    ] as const)
      expect(
        taken(name, [] as unknown[], (notes) => read(sched({ problems }), notes)).status.reasons,
      ).toEqual(['node 1: lost'])
  })
})

describe('objects that have an id', () => {
  const world = (make: (guest: KernelGuest) => void): Session => {
    const guest = new KernelGuest()
    make(guest)
    guest.finish()
    return sessionOf(guest.memory)
  }
  const programs = (vm: Session) => taken('programs', [] as unknown[], (notes) => readPrograms(vm, notes))

  it('are all there, or named with why they are not', () => {
    expect(programs(world((guest) => addProgram(guest, { id: 6 }))).status).toEqual({
      status: 'complete',
      expected: 1,
      obtained: 1,
      reasons: [],
    })
    const lost = programs(
      world((guest) => {
        addProgram(guest, { id: 6 })
        guest.programs.set(9, 0xffff800000001000n)
      }),
    )
    expect(lost.status).toMatchObject({ status: 'partial', expected: 2, obtained: 1 })
    expect(lost.status.reasons).toEqual([expect.stringMatching(/^program:9: program 9: page not present/)])
    const ids = (found: readonly { id: number }[]) =>
      taken('programs', undefined, (notes) => {
        expectIds(
          world((guest) => addProgram(guest, { id: 6 })),
          'prog_idr',
          'program',
          found,
          notes,
        )
      }).status
    expect(ids([])).toMatchObject({
      reasons: ['program:6: it has an id and cannot be read'],
      expected: 1,
      obtained: 0,
    })
    expect(ids([{ id: 6 }])).toMatchObject({ status: 'complete' })
  })

  it('are unavailable where the kernel has no such ids', () => {
    const { status, problems } = taken('links', undefined, (notes) => {
      expectIds(
        world(() => undefined),
        'no_such_idr',
        'link',
        [],
        notes,
      )
    })
    expect(status).toMatchObject({
      status: 'unavailable',
      expected: null,
      reasons: ['the kernel has no no_such_idr'],
    })
    expect(problems).toEqual([
      {
        severity: 'error',
        code: 'absent',
        subject: 'section:links',
        message: 'the kernel has no no_such_idr',
      },
    ])
  })
})

describe('vCPUs of a report', () => {
  it('have their stack, or why there is none', () => {
    const vcpu = (index: number, cpu: number | undefined, stack: () => unknown) =>
      Object.defineProperty({ index, cpu, toJSON: () => ({ index }) }, 'stack', { get: stack })
    const fine = { method: 'orc', frames: [], problem: undefined, userAddress: undefined }
    const vm = {
      vcpus: [
        vcpu(0, 3, () => fine),
        vcpu(1, undefined, () => ({ ...fine, problem: 'it goes round' })),
        vcpu(2, 2, () => undefined),
      ],
    } as unknown as Session
    const { value, status, problems } = taken('vcpus', [] as ReturnType<typeof readVcpus>, (notes) =>
      readVcpus(vm, notes),
    )
    expect(value.map(({ stack }) => stack?.method)).toEqual(['orc', 'orc', undefined])
    expect(value[2]?.stack).toBeNull()
    expect(status).toMatchObject({ status: 'complete', expected: 3, obtained: 3 })
    expect(problems).toEqual([
      { severity: 'warning', code: 'stack', subject: 'vcpu:1', message: 'it goes round' },
    ])
  })
})
