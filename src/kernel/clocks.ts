import { CryoscopeError } from '../errors.js'
import type { Kernel } from './kernel.js'
import { asFarAsRead } from './struct-reader.js'

/** The guest's clocks in nanoseconds, as old as the kernel's last update of them: a tick or so, more where CPUs slept. */
export interface KernelClocks {
  /** CLOCK_REALTIME: since 1970. */
  readonly realtime: bigint
  /** CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
  readonly monotonic: bigint
  readonly boottime: bigint
}

const second = 1_000_000_000n

/**
 * The timekeeper (struct timekeeper, include/linux/timekeeper_internal.h): xtime is the wall clock, wall_to_monotonic and
 * offs_boot lead to the others (kernel/time/timekeeping.c). Throws 'unreadable' where the kernel keeps it otherwise.
 */
export function readClocks(kernel: Kernel): KernelClocks {
  const keeper = kernel.struct('timekeeper', keeperAddress(kernel))
  const shift = keeper.integer('tkr_mono.shift')
  if (shift < 0n || shift > 63n)
    throw new CryoscopeError('unreadable', `the timekeeper shifts by ${shift}, which cannot be`)
  const seconds = keeper.integer('xtime_sec')
  const within = BigInt.asUintN(64, keeper.integer('tkr_mono.xtime_nsec')) >> shift
  const realtime = seconds * second + within
  const monotonic =
    realtime +
    keeper.integer('wall_to_monotonic.tv_sec') * second +
    keeper.integer('wall_to_monotonic.tv_nsec')
  return { realtime, monotonic, boottime: monotonic + BigInt.asIntN(64, keeper.integer('offs_boot')) }
}

/** The first timekeeper is the system's; it lies in struct tk_data, before 6.13 in a struct without a name. */
function keeperAddress(kernel: Kernel): bigint {
  // tk_core up to 6.16: since auxiliary clocks it is the first of several.
  const at = kernel.findSymbol('timekeeper_data') ?? kernel.findSymbol('tk_core')
  const data = kernel.layouts.find('tk_data')
  if (at === undefined || !data?.has('timekeeper'))
    throw new CryoscopeError(
      'unreadable',
      asFarAsRead(kernel.types, 'this kernel keeps its clocks in a way not known here (no tk_data)'),
    )
  return at + BigInt(data.offset('timekeeper'))
}
