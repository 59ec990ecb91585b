import type { Kernel } from '../kernel/kernel.js'
import type { SchedSinks } from './context.js'

/** Nanoseconds in a second. */
const second = 1_000_000_000

/** Ages beyond this are broken reads: no machine is up for 30 years. */
const oldest = 1n << 50n

/** The kernel's tick counter and how fast it counts. */
export class Jiffies {
  readonly now: bigint
  /** CONFIG_HZ; undefined where nothing in memory tells. */
  readonly perSecond: number | undefined

  constructor(now: bigint, perSecond: number | undefined) {
    this.now = now
    this.perSecond = perSecond
  }

  static read(kernel: Kernel, { problems, absences }: SchedSinks): Jiffies | undefined {
    const at = kernel.findSymbol('jiffies_64') ?? kernel.findSymbol('jiffies')
    if (at === undefined) return absences.lacks('jiffies', 'the kernel has no symbol jiffies_64')
    const now = problems.attempt('jiffies_64', () => kernel.space.u64(at))
    if (now === undefined) return undefined
    return new Jiffies(now, ticksPerSecond(kernel, { problems, absences }))
  }

  /** Ticks since a stamp, 0 for one in the future; undefined for one that is none. */
  since(stamp: bigint): bigint | undefined {
    const age = BigInt.asIntN(64, this.now - stamp)
    if (age < 0n) return age > -oldest ? 0n : undefined
    return age < oldest ? age : undefined
  }

  milliseconds(ticks: bigint): number | undefined {
    return this.perSecond === undefined ? undefined : (Number(ticks) * 1000) / this.perSecond
  }

  millisecondsSince(stamp: bigint): number | undefined {
    const ticks = this.since(stamp)
    return ticks === undefined ? undefined : this.milliseconds(ticks)
  }
}

/** The clocksource of jiffies converts ticks to nanoseconds: mult >> shift is TICK_NSEC (kernel/time/jiffies.c). */
function ticksPerSecond(kernel: Kernel, { problems, absences }: SchedSinks): number | undefined {
  const at = kernel.findSymbol('clocksource_jiffies')
  if (at === undefined || kernel.layouts.find('clocksource') === undefined) {
    return absences.lacks('HZ', 'the kernel has no clocksource_jiffies to take the length of a tick from')
  }
  return problems.attempt('clocksource_jiffies', () => {
    const source = kernel.struct('clocksource', at)
    const tick = source.number('mult') / 2 ** source.number('shift')
    const perSecond = Math.round(second / tick)
    if (perSecond >= 10 && perSecond <= 10_000) return perSecond
    problems.add('HZ', `a tick of ${tick} ns cannot be`)
    return undefined
  })
}
