import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'
import type { SchedContext } from './context.js'

/** Idle time of a CPU in nanoseconds, as /proc/stat shows it. */
export interface IdleTime {
  readonly idle: bigint
  readonly iowait: bigint
}

/** TS_FLAG_IDLE_ACTIVE and TS_FLAG_NOHZ (kernel/time/tick-sched.h): macros, so BTF does not have them. */
const idleActive = 1n << 2n
const nohz = 1n << 4n

/**
 * What a CPU that idles has not added to its counters yet. Kernels keep it in struct tick_sched or, later, in
 * kernel_cpustat itself; get_idle_time() in fs/proc/stat.c puts it together. The time of an idle period that goes on
 * counts up to the last update of the kernel's clock, which can be a tick or more ago: how long ago, memory does not
 * tell. `counted` is what cpustat says. Undefined for CPUs whose counters are all there is; throws where it cannot be found.
 */
export function readIdleTime(context: SchedContext, cpu: number, counted: IdleTime): IdleTime | undefined {
  const { kernel } = context
  const runqueues = kernel.findSymbol('runqueues')
  if (runqueues === undefined) return undefined
  const waiting = kernel.struct('rq', kernel.cpus.address(runqueues, cpu)).integer('nr_iowait') !== 0n
  const since = (entry: bigint, isIdle: boolean): bigint => {
    const now = isIdle ? clock(context) : undefined
    return now === undefined || now < entry ? 0n : now - entry
  }
  const added = (to: IdleTime, delta: bigint): IdleTime =>
    waiting ? { ...to, iowait: to.iowait + delta } : { ...to, idle: to.idle + delta }

  // Since Linux 7.2.
  const stats = kernel.findSymbol('kernel_cpustat')
  if (stats !== undefined && kernel.layouts.find('kernel_cpustat')?.has('idle_entrytime')) {
    const stat = kernel.struct('kernel_cpustat', kernel.cpus.address(stats, cpu))
    return added(counted, since(stat.integer('idle_entrytime'), stat.number('idle_elapse') !== 0))
  }

  const active = kernel.findSymbol('tick_nohz_active')
  // Kernels without the function are built without CONFIG_NO_HZ_COMMON.
  const neverStops =
    active === undefined
      ? kernel.findSymbol('get_cpu_idle_time_us') === undefined
      : kernel.space.u32(active) === 0
  if (neverStops) return undefined
  const ticks = kernel.findSymbol('tick_cpu_sched') ?? declaredPerCpu(kernel, 'tick_cpu_sched', runqueues)
  if (ticks === undefined) {
    const known = `ticks alone counted ${counted.idle} ns idle, ${counted.iowait} ns waiting`
    throw new CryoscopeError('unreadable', `there is no symbol tick_cpu_sched; ${known}`)
  }
  const tick = kernel.struct('tick_sched', kernel.cpus.address(ticks, cpu))
  if (active === undefined && !stopsTicks(tick)) return undefined
  // Bits of their own before Linux 6.9.
  const isIdle = tick.has('flags')
    ? (tick.integer('flags') & idleActive) !== 0n
    : tick.number('idle_active') !== 0
  const slept = { idle: tick.integer('idle_sleeptime'), iowait: tick.integer('iowait_sleeptime') }
  return added(slept, since(tick.integer('idle_entrytime'), isIdle))
}

/** What tick_nohz_activate() leaves in a CPU's own tick_sched: nohz_mode, a flag since Linux 6.9. */
function stopsTicks(tick: StructReader): boolean {
  return tick.has('nohz_mode') ? tick.number('nohz_mode') !== 0 : (tick.integer('flags') & nohz) !== 0n
}

/** A per-CPU variable without a symbol, by the places that BTF has of it and of the runqueues. */
function declaredPerCpu(kernel: Kernel, name: string, runqueues: bigint): bigint | undefined {
  const section = kernel.types.find('.data..percpu', 'section')
  const offsetOf = (wanted: string): number | undefined =>
    section?.variables.find(({ variable }) => variable.name === wanted)?.offset
  const own = offsetOf(name)
  const base = offsetOf('runqueues')
  return own === undefined || base === undefined ? undefined : runqueues + BigInt(own - base)
}

/** CLOCK_MONOTONIC in nanoseconds when jiffies last moved: a tick before `tick_next_period`. */
function clock({ kernel, jiffies }: SchedContext): bigint | undefined {
  const next = kernel.findSymbol('tick_next_period')
  if (next === undefined || jiffies?.perSecond === undefined) return undefined
  return kernel.space.u64(next) - 1_000_000_000n / BigInt(jiffies.perSecond)
}
