import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'
import { ObjectWriter } from '../support/object-writer.js'

type Shape = 'flags' | 'bitfields' | 'counters' | 'plain'

const tick = 10_000_000n
const now = 5_000_000_000n

function typesOf(shape: Shape, isDeclared: boolean): Btf {
  const t = new Types()
  const { u32, u64, s64, bool } = t
  t.struct('clocksource', { rating: u32, shift: u32, mult: u32 })
  const rq = t.struct('rq', { clock: u64, nr_iowait: t.struct('atomic_t', { counter: t.s32 }) })
  const cpustat = t.b.array(u64, 4)
  t.struct(
    'kernel_cpustat',
    shape === 'counters' ? { idle_elapse: bool, idle_entrytime: u64, cpustat } : { cpustat },
  )
  if (shape !== 'counters') {
    const ticks = t.struct('tick_sched', {
      idle_entrytime: s64,
      ...(shape === 'bitfields' ? { at8_inidle: [u32, 1], idle_active: [u32, 1] } : { flags: u64 }),
      iowait_sleeptime: s64,
      idle_sleeptime: s64,
      ...(shape === 'bitfields' ? { nohz_mode: u32 } : {}),
    })
    // Their section begins 0x40 before the runqueues.
    if (isDeclared)
      t.b.section('.data..percpu', [
        { type: t.b.variable('runqueues', rq), offset: 0x40, size: 16 },
        { type: t.b.variable('tick_cpu_sched', ticks), offset: 0x80, size: 40 },
      ])
  }
  t.b.enum('cpu_usage_stat', { CPUTIME_USER: 0, CPUTIME_IDLE: 1, CPUTIME_IOWAIT: 2, NR_STATS: 4 })
  return Btf.parse(t.b.build(), { name: shape })
}

interface Cpu {
  readonly isIdle: boolean
  readonly since?: bigint
  readonly waiting?: number
  /** Where it would be kept is no memory. */
  readonly isLost?: boolean
  /** A symbol that the kernel does not have. */
  readonly without?: 'tick_nohz_active' | 'tick_cpu_sched'
  /** BTF has the places of per-CPU variables. */
  readonly isDeclared?: boolean
  /** What its own tick_sched says, of a kernel that can stop ticks. */
  readonly stops?: boolean
}

/** One CPU that counted 100 ns of idleness and 200 of waiting by its ticks, and slept for 1000 and 2000. */
function times(shape: Shape, cpu: Cpu) {
  const { cpuTimes, problems } = schedOf(shape, cpu)
  expect(problems).toEqual([])
  return cpuTimes[0]?.nanoseconds
}

function schedOf(
  shape: Shape,
  { isIdle, since = now - 7_000_000n, waiting = 0, isLost = false, without, isDeclared = false, stops }: Cpu,
): Sched {
  const btf = typesOf(shape, isDeclared)
  const guest = new KernelGuest({ btf: btf.bytes, cpus: [0] })
  const objects = new ObjectWriter(guest, btf)
  const perCpu = (name: string, type: string): bigint =>
    guest.perCpu(guest.symbol(name, guest.allocPerCpu(objects.sizeOf(type))), 0)
  guest.u64(guest.global('jiffies_64', 8), 500n)
  const source = guest.global('clocksource_jiffies', objects.sizeOf('clocksource'))
  objects.set('clocksource', source, { mult: Number(tick) << 4, shift: 4 })
  guest.u64(guest.global('tick_next_period', 8), now + tick)
  if (without !== 'tick_nohz_active')
    guest.u32(guest.global('tick_nohz_active', 4), shape === 'plain' ? 0 : 1)
  if (stops !== undefined) guest.symbol('get_cpu_idle_time_us', guest.image(16), 'T')
  const runqueue = perCpu('runqueues', 'rq')
  objects.set('rq', runqueue, { 'nr_iowait.counter': waiting })
  if (isDeclared) guest.allocPerCpu(0x40 - objects.sizeOf('rq') + objects.sizeOf('tick_sched'))
  const stat = perCpu('kernel_cpustat', 'kernel_cpustat')
  for (const [i, value] of [1n, 100n, 200n].entries())
    guest.u64(stat + BigInt(objects.offsetOf('kernel_cpustat', 'cpustat') + i * 8), value)
  if (shape === 'counters') {
    objects.set('kernel_cpustat', stat, { idle_elapse: isIdle, idle_entrytime: since })
  } else {
    const at = isDeclared
      ? runqueue + 0x40n
      : isLost || without === 'tick_cpu_sched'
        ? guest.alloc(64)
        : perCpu('tick_cpu_sched', 'tick_sched')
    if (isLost) guest.symbol('tick_cpu_sched', 2n ** 40n)
    objects.set('tick_sched', at, {
      idle_entrytime: since,
      idle_sleeptime: 1000n,
      iowait_sleeptime: 2000n,
      ...(shape === 'bitfields' ? {} : { flags: (isIdle ? 0b111 : 0b011) | (stops === true ? 0x10 : 0) }),
      ...(shape === 'bitfields' && stops === true ? { nohz_mode: 2 } : {}),
    })
    if (shape === 'bitfields') guest.u32(at + 8n, isIdle ? 0b11 : 0b01)
  }
  return new Sched(guest.kernel())
}

describe('idle time', () => {
  it.each<[Shape, Cpu, idle: bigint, iowait: bigint]>([
    // What the CPU slept, and the period that goes on.
    ['flags', { isIdle: true }, 7_001_000n, 2000n],
    ['bitfields', { isIdle: true }, 7_001_000n, 2000n],
    ['flags', { isIdle: true, waiting: 1 }, 1000n, 7_002_000n],
    ['flags', { isIdle: false }, 1000n, 2000n],
    ['bitfields', { isIdle: false }, 1000n, 2000n],
    // It began after the clock's last tick: how long ago is not known.
    ['flags', { isIdle: true, since: now + 5n }, 1000n, 2000n],
    // Later kernels keep it in the counters.
    ['counters', { isIdle: true }, 7_000_100n, 200n],
    ['counters', { isIdle: true, waiting: 2 }, 100n, 7_000_200n],
    ['counters', { isIdle: false }, 100n, 200n],
    // Kernels that never stop the tick count all of it.
    ['plain', { isIdle: true }, 100n, 200n],
    ['flags', { isIdle: true, without: 'tick_nohz_active' }, 100n, 200n],
    ['plain', { isIdle: true, without: 'tick_cpu_sched' }, 100n, 200n],
    // Others tell it for each CPU, too.
    ['flags', { isIdle: true, without: 'tick_nohz_active', stops: true }, 7_001_000n, 2000n],
    ['bitfields', { isIdle: true, without: 'tick_nohz_active', stops: true }, 7_001_000n, 2000n],
    ['flags', { isIdle: true, without: 'tick_nohz_active', stops: false }, 100n, 200n],
    ['bitfields', { isIdle: true, without: 'tick_nohz_active', stops: false }, 100n, 200n],
    ['flags', { isIdle: true, without: 'tick_cpu_sched', isDeclared: true }, 7_001_000n, 2000n],
  ])('of shape %s, %o', (shape, cpu, idle, iowait) => {
    expect(times(shape, cpu)).toEqual({ user: 1n, idle, iowait })
  })

  it('is not given by counters alone where the kernel keeps the rest, and nothing says where', () => {
    const sched = schedOf('flags', { isIdle: true, without: 'tick_cpu_sched' })
    expect(sched.cpuTimes[0]?.nanoseconds).toEqual({ user: 1n })
    const why = 'there is no symbol tick_cpu_sched; ticks alone counted 100 ns idle, 200 ns waiting'
    expect(sched.problems).toEqual([{ where: 'idle time of CPU 0', why }])
  })

  it('is not given by counters alone where the kernel keeps the rest, and that could not be read', () => {
    const sched = schedOf('flags', { isIdle: true, isLost: true })
    expect(sched.cpuTimes[0]?.nanoseconds).toEqual({ user: 1n })
    expect(sched.problems).toMatchObject([{ where: 'idle time of CPU 0' }])
  })
})
