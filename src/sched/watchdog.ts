import type { SchedContext } from './context.js'
import { schedulerAddresses } from './schedulers.js'

/** The watchdog that ejects a scheduler which leaves a task waiting for too long. */
export interface Watchdog {
  /** How long a task may wait. */
  readonly timeoutMs: number | undefined
  /** Since the watchdog last looked. */
  readonly ageMs: number | undefined
  /** Between two looks: kernels that do not say so look twice per timeout. */
  readonly intervalMs: number | undefined
  /** Address of the timeout (unsigned long, in jiffies), for writing. */
  readonly timeoutAddress: bigint | undefined
}

/** Of the root, or of the scheduler at that address: since Linux 7.1 each has its own timeout. */
export function readWatchdog(context: SchedContext, scheduler?: bigint): Watchdog {
  const { kernel, problems, jiffies } = context
  const timeoutAddress = problems.attempt('watchdog timeout', () => timeoutPlace(context, scheduler))
  const ticks = (at: bigint | undefined, what: string): bigint | undefined =>
    at === undefined ? undefined : problems.attempt(what, () => kernel.space.u64(at))
  const timeout = ticks(timeoutAddress, 'watchdog timeout')
  const stamp = ticks(kernel.findSymbol('scx_watchdog_timestamp'), 'scx_watchdog_timestamp')
  const intervalAt = kernel.findSymbol('scx_watchdog_interval')
  const half = timeout === undefined ? undefined : timeout / 2n
  const interval = intervalAt === undefined ? half : ticks(intervalAt, 'scx_watchdog_interval')
  const milliseconds = (value: bigint | undefined): number | undefined =>
    value === undefined || value >= 1n << 40n ? undefined : jiffies?.milliseconds(value)
  return {
    timeoutMs: milliseconds(timeout),
    ageMs: stamp === undefined || stamp === 0n ? undefined : jiffies?.millisecondsSince(stamp),
    intervalMs: milliseconds(interval),
    timeoutAddress,
  }
}

/** In the scheduler since Linux 7.1, before that a static variable. */
function timeoutPlace(context: SchedContext, scheduler: bigint | undefined): bigint | undefined {
  const { kernel, absences } = context
  const layout = kernel.layouts.find('scx_sched')
  if (layout?.has('watchdog_timeout')) {
    const own = scheduler ?? schedulerAddresses(context)[0]
    return own === undefined ? undefined : kernel.struct('scx_sched', own).at('watchdog_timeout')
  }
  return (
    kernel.findSymbol('scx_watchdog_timeout') ??
    absences.lacks('watchdog timeout', 'neither scx_sched.watchdog_timeout nor scx_watchdog_timeout is there')
  )
}
