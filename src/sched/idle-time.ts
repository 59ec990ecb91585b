import type { SchedContext } from './context.js'

/** Idle time of a CPU in nanoseconds, as /proc/stat shows it. */
export interface IdleTime {
  readonly idle: bigint
  readonly iowait: bigint
}

/** TS_FLAG_IDLE_ACTIVE (kernel/time/tick-sched.h): a macro, so BTF does not have it. */
const idleActive = 1n << 2n

/**
 * What a CPU that idles has not added to its counters yet. Kernels keep it in struct tick_sched or, later, in
 * kernel_cpustat itself; get_idle_time() in fs/proc/stat.c puts it together. The time of an idle period that goes on
 * counts up to the last update of the kernel's clock, which can be a tick or more ago: how long ago, memory does not
 * tell. `counted` is what cpustat says. Undefined for CPUs whose counters are all there is.
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

  const ticks = kernel.findSymbol('tick_cpu_sched')
  const active = kernel.findSymbol('tick_nohz_active')
  if (ticks === undefined || active === undefined || kernel.space.u32(active) === 0) return undefined
  const tick = kernel.struct('tick_sched', kernel.cpus.address(ticks, cpu))
  // Bits of their own before Linux 6.9.
  const isIdle = tick.has('flags')
    ? (tick.integer('flags') & idleActive) !== 0n
    : tick.number('idle_active') !== 0
  const slept = { idle: tick.integer('idle_sleeptime'), iowait: tick.integer('iowait_sleeptime') }
  return added(slept, since(tick.integer('idle_entrytime'), isIdle))
}

/** CLOCK_MONOTONIC in nanoseconds when jiffies last moved: a tick before `tick_next_period`. */
function clock({ kernel, jiffies }: SchedContext): bigint | undefined {
  const next = kernel.findSymbol('tick_next_period')
  if (next === undefined || jiffies?.perSecond === undefined) return undefined
  return kernel.space.u64(next) - 1_000_000_000n / BigInt(jiffies.perSecond)
}
