import { CryoscopeError } from '../errors.js'
import type { GdbRemote } from './gdb-remote.js'
import {
  pointsOf,
  type RunCondition,
  type RunOptions,
  runOnce,
  sigtrap,
  stepOne,
  withPoints,
} from './run-until.js'

/** Something that a traced guest did: it stands still here. */
export interface TraceHit {
  readonly cpu: number
  /** The instruction that comes next, or the bytes that were written. */
  readonly address: bigint
  /** Milliseconds that the guest has run since the trace began. */
  readonly ranMs: number
}

export interface TraceOptions extends RunOptions {
  /** Milliseconds that the guest may run; without it until `visit` ends it or it is aborted. */
  readonly ranMs?: number | undefined
}

export interface TraceEnd {
  readonly reason: 'time' | 'visit' | 'interrupted'
  /** How often the guest was stopped. */
  readonly stops: number
  /** Milliseconds that it ran, of all that the trace took. */
  readonly ranMs: number
  readonly tookMs: number
}

interface Position {
  readonly cpu: number
  readonly pc: bigint
  readonly halted: boolean
}

/**
 * Stops the guest wherever the condition holds, for `visit`, and lets it go on, with points that are set once. Each vCPU that
 * is about to execute one of the places is a visit, also where several came there before all stood still; its instruction is
 * executed before the others go on, so that none is counted twice or missed. `look` reads where they stand.
 */
export async function traceRun(
  gdb: GdbRemote,
  condition: RunCondition,
  look: () => Promise<readonly Position[]>,
  visit: (hit: TraceHit) => Promise<boolean>,
  { ranMs: most = Number.POSITIVE_INFINITY, signal }: TraceOptions,
): Promise<TraceEnd> {
  const points = pointsOf(condition)
  const began = performance.now()
  let stops = 0
  let ranMs = 0
  const end = (reason: TraceEnd['reason']): TraceEnd => ({
    reason,
    stops,
    ranMs,
    tookMs: performance.now() - began,
  })
  /** False when `visit` has seen enough. */
  const visitPlaces = async (positions: readonly Position[]): Promise<boolean> => {
    if (!('addresses' in condition)) return true
    const hits = positions.filter(({ pc, halted }) => !halted && condition.addresses.includes(pc))
    let more = true
    for (const { cpu, pc } of hits) more = more && (await visit({ cpu, address: pc, ranMs }))
    for (const { cpu, pc } of hits) {
      if (!(await stepOne(gdb, cpu, signal))) {
        throw new CryoscopeError(
          'guest',
          `vCPU ${cpu} did not execute its instruction at 0x${pc.toString(16)}; trace another place`,
        )
      }
    }
    return more
  }
  return await withPoints(gdb, points, async () => {
    if (!(await visitPlaces(await look()))) return end('visit')
    for (;;) {
      const left = most - ranMs
      if (left <= 0) return end('time')
      const from = performance.now()
      const stop = await runOnce(gdb, Number.isFinite(left) ? left : undefined, signal)
      ranMs += performance.now() - from
      if (stop === undefined) return end('time')
      stops++
      const positions = await look()
      if (stop.watch !== undefined) {
        const cpu = gdb.cpuOf(stop.thread)
        if (cpu !== undefined && !(await visit({ cpu, address: stop.watch.address, ranMs })))
          return end('visit')
      } else if (stop.signal !== sigtrap) return end('interrupted')
      if (!(await visitPlaces(positions))) return end('visit')
    }
  })
}
