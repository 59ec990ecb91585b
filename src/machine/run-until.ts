import { CryoscopeError } from '../errors.js'
import type { GdbRemote, GdbStop, PointKind } from './gdb-remote.js'
import { abortable, within } from './wait.js'

/** What ends a run. Addresses are guest-virtual. */
export type RunCondition =
  /** A vCPU is about to execute the instruction at one of these places, or has written to one of those. */
  | {
      readonly addresses: readonly bigint[]
      readonly writes?: readonly { readonly write: bigint; readonly length?: number }[]
    }
  /** A vCPU has written to these bytes; `length` defaults to 8. */
  | { readonly write: bigint; readonly length?: number }
  /** A vCPU has read these bytes. */
  | { readonly read: bigint; readonly length?: number }
  /** A vCPU has read or written these bytes. */
  | { readonly access: bigint; readonly length?: number }

export interface RunOptions {
  /** Milliseconds; without it the run goes on until it is stopped or aborted. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

export type RunEnd =
  | { readonly reason: 'breakpoint'; readonly cpu: number; readonly address: bigint }
  | {
      readonly reason: 'watchpoint'
      readonly cpu: number
      readonly address: bigint
      readonly access: 'read' | 'write'
    }
  | { readonly reason: 'timeout' }
  /** Somebody else stopped the guest meanwhile. */
  | { readonly reason: 'interrupted' }

export interface Point {
  readonly kind: PointKind
  readonly address: bigint
  readonly length: number
}

export interface StepEnd {
  /** Instructions executed. */
  readonly steps: number
  /** A sentence about what was special. */
  readonly note?: string
}

const longestWatch = 4096
const interruptMilliseconds = 5000
const haltedMilliseconds = 2000
export const sigtrap = 5

/** The points that a condition takes. Throws 'usage' for what cannot be watched. */
export function pointsOf(condition: RunCondition): Point[] {
  if ('addresses' in condition) {
    const places = [...new Set(condition.addresses.map(canonical))]
    const points = places.map((address): Point => ({ kind: 'breakpoint', address, length: 1 }))
    return [...points, ...(condition.writes ?? []).flatMap(pointsOf)]
  }
  const { length = 8 } = condition
  if (!Number.isInteger(length) || length < 1 || length > longestWatch) {
    throw new CryoscopeError('usage', `a watched length is 1 to ${longestWatch} bytes, not ${length}`)
  }
  // QEMU's access watchpoints miss atomic read-modify-writes under TCG; a read and a write watchpoint do not.
  if ('access' in condition) {
    const address = canonical(condition.access)
    return [
      { kind: 'write', address, length },
      { kind: 'read', address, length },
    ]
  }
  return 'write' in condition
    ? [{ kind: 'write', address: canonical(condition.write), length }]
    : [{ kind: 'read', address: canonical(condition.read), length }]
}

function canonical(address: bigint): bigint {
  if (address >= 0n && address < 1n << 64n) return address
  throw new CryoscopeError('usage', `an address is a 64-bit number that is not negative, not ${address}`)
}

/**
 * Runs the guest until the condition holds, the time is over, or an abort. The guest is stopped then, and no
 * breakpoint is left behind. `positions` are the vCPUs' instruction pointers and whether they are halted.
 */
export async function runUntil(
  gdb: GdbRemote,
  condition: RunCondition,
  positions: readonly { readonly cpu: number; readonly pc: bigint; readonly halted: boolean }[],
  { timeoutMs, signal }: RunOptions,
): Promise<RunEnd> {
  const points = pointsOf(condition)
  // A vCPU that stands at the breakpoint would hit it without having moved.
  for (const { cpu, pc, halted } of positions) {
    if ('addresses' in condition && condition.addresses.includes(pc) && !halted)
      await stepOne(gdb, cpu, signal)
  }
  return await withPoints(
    gdb,
    points,
    async () => await describeStop(gdb, points, await runOnce(gdb, timeoutMs, signal)),
  )
}

/** Sets points for the time of some work. */
export async function withPoints<T>(
  gdb: GdbRemote,
  points: readonly Point[],
  work: () => Promise<T>,
): Promise<T> {
  const set: Point[] = []
  try {
    for (const point of points) set.push(await insert(gdb, point, points.length))
    return await work()
  } finally {
    // With the connection gone the guest is, too.
    for (const point of gdb.isOpen ? set : []) await gdb.remove(point.kind, point.address, point.length)
  }
}

/** Lets the guest run until it stops; undefined when the time was over first. */
export async function runOnce(
  gdb: GdbRemote,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<GdbStop | undefined> {
  signal?.throwIfAborted()
  const stopped = gdb.stopped()
  gdb.continue()
  const late = new Error('late')
  try {
    const limited = timeoutMs === undefined ? stopped : within(stopped, timeoutMs, () => late)
    return await abortable(limited, signal)
  } catch (error) {
    if (error !== late && !signal?.aborted) throw error
    const stop = await interrupt(gdb, stopped)
    if (error !== late) throw error
    return stop.signal === sigtrap ? stop : undefined
  }
}

/** Stops the guest; the stop that was awaited may have come first, which is as good. */
async function interrupt(gdb: GdbRemote, stopped: Promise<GdbStop>): Promise<GdbStop> {
  gdb.interrupt()
  const deaf = () =>
    gdb.silence() ?? new CryoscopeError('guest', 'the guest did not stop within 5 s of being interrupted')
  return await within(stopped, interruptMilliseconds, deaf)
}

/** Sets a point, as it could be set: KVM has four places in hardware, and any number of breakpoints in the code itself. */
async function insert(gdb: GdbRemote, point: Point, count: number): Promise<Point> {
  const { kind, address, length } = point
  if (await gdb.insert(kind, address, length)) return point
  if (kind === 'breakpoint' && (await gdb.insert('code', address, length))) return { ...point, kind: 'code' }
  throw refused(point, count)
}

async function describeStop(
  gdb: GdbRemote,
  points: readonly Point[],
  stop: GdbStop | undefined,
): Promise<RunEnd> {
  if (stop === undefined) return { reason: 'timeout' }
  const cpu = gdb.cpuOf(stop.thread)
  if (cpu === undefined || stop.signal !== sigtrap) return { reason: 'interrupted' }
  const [first] = points
  if (stop.watch !== undefined) {
    // QEMU's names: watch is a write, rwatch a read.
    const access = stop.watch.kind === 'rwatch' ? 'read' : 'write'
    return { reason: 'watchpoint', cpu, address: stop.watch.address, access }
  }
  if (first?.kind !== 'breakpoint') return { reason: 'interrupted' }
  if (points.length === 1) return { reason: 'breakpoint', cpu, address: first.address }
  const registers = await gdb.registers(cpu)
  const place = registers.get('rip') ?? registers.get('pc')
  const hit = points.find(({ address }) => address === place)
  return hit === undefined ? { reason: 'interrupted' } : { reason: 'breakpoint', cpu, address: hit.address }
}

function refused({ kind, address, length }: Point, count: number): CryoscopeError {
  const all = count > 1 ? `, one of ${count} places` : ''
  const what = kind === 'breakpoint' ? 'stop at' : `watch ${length} bytes for a ${kind} at`
  return new CryoscopeError(
    'guest',
    `the engine cannot ${what} 0x${address.toString(16)}${all}; with KVM there are four places, of 1, 2, 4 or 8 aligned bytes`,
  )
}

/** Executes instructions of one vCPU while the others stand still. */
export async function stepVcpu(
  gdb: GdbRemote,
  cpu: number,
  count: number,
  halted: boolean,
  { timeoutMs, signal, onHalted }: RunOptions & { onHalted?: ((sentence: string) => void) | undefined },
): Promise<StepEnd> {
  const end = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  const note = `vCPU ${cpu} was halted; it stepped when an interrupt arrived`
  if (halted) onHalted?.(`vCPU ${cpu} is halted; it will step when an interrupt arrives`)
  for (let steps = 0; steps < count; steps++) {
    if (performance.now() >= end) return { steps, note: `the time was over after ${steps} of ${count} steps` }
    // A step of a vCPU that executes HLT on the way waits just as long.
    const stepped = await stepOne(gdb, cpu, signal, Math.min(haltedMilliseconds, end - performance.now()))
    if (!stepped)
      return {
        steps,
        note: `vCPU ${cpu} is halted and no interrupt came for it; advance the guest, or step another vCPU`,
      }
  }
  return halted ? { steps: count, note } : { steps: count }
}

/** One instruction. False when the vCPU did not get to it in time; it is stopped again then. */
export async function stepOne(
  gdb: GdbRemote,
  cpu: number,
  signal?: AbortSignal,
  limit = haltedMilliseconds,
): Promise<boolean> {
  const end = performance.now() + limit
  const late = new Error('late')
  for (;;) {
    signal?.throwIfAborted()
    const stopped = gdb.stopped()
    gdb.step(cpu)
    let stop: GdbStop
    try {
      const limited = within(stopped, Math.max(0, end - performance.now()), () => late)
      stop = await abortable(limited, signal)
    } catch (error) {
      if (error !== late && !signal?.aborted) throw error
      const stop = await interrupt(gdb, stopped)
      if (error !== late) throw error
      return stop.signal === sigtrap
    }
    if (stop.signal === sigtrap) return true
    // A look of another program stopped it first: the instruction is still to come.
    if (performance.now() >= end) return false
  }
}
