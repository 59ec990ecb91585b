import { CryoscopeError } from '../errors.js'
import type { Frame } from '../frame/frame.js'
import { frame } from '../frame/list.js'
import { Problems } from '../problems.js'
import { codePlaces, typedPlace } from '../session/places.js'
import type { Session } from '../session/session.js'
import type { WriteTarget } from '../session/target.js'
import type { RawEvent } from '../time/engine/event.js'
import type { Moment } from '../time/engine/run.js'
import { boundsOf, type Span } from './ask.js'
import { functionsOf } from './calls.js'
import { type Actor, actorOf, whereOf } from './event.js'
import { follow } from './follow.js'
import { keptValue } from './kept.js'
import { Lookout } from './look.js'
import { type When, watchedPlace } from './watching.js'

/** Something that happened: a vCPU is about to execute the first instruction of a function, or has written. */
export interface Hit extends Actor {
  /** Of the guest's clock on a record; of a guest without one, how long it ran since the trace began. */
  readonly ms: number
  /** On a record only. */
  readonly instructions: number | undefined
  /** The function's address, or that of the bytes that were written. */
  readonly address: bigint
  /** Where the vCPU stands: "schedule"; the instruction behind one that wrote. */
  readonly where: string | undefined
}

export interface TraceOptions<Guest = Session> {
  /** A function, an address of code, or memory: `{ write: 'jiffies_64' }`, with a type where an address needs one. */
  readonly at: string | bigint | { readonly write: WriteTarget; readonly as?: string }
  /** Which of them are wanted. On a record this and `take` may be called twice for a hit. */
  readonly when?: ((vm: Guest, hit: Hit) => unknown) | undefined
  /** Columns of a row, from what can be seen there. */
  readonly take?: ((vm: Guest, hit: Hit) => object | undefined | Promise<object | undefined>) | undefined
  /** Milliseconds that the guest may run. */
  readonly for?: { readonly ms: number } | undefined
  /** It ends after so many hits; default 10,000. */
  readonly limit?: number | undefined
  /** Of a record: which part; default from where it begins to its end, or with `for` from where one is. */
  readonly from?: When | undefined
  readonly to?: When | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a trace took of the guest. */
export interface TraceCost {
  /** How often the guest was stopped, or held. */
  readonly stops: number
  readonly tookMs: number
  /** Milliseconds of them in which the guest ran; undefined on a record, which is run again and not slowed. */
  readonly ranMs: number | undefined
  readonly stopsPerSecond: number
  /** How many times as long as without the trace it took; undefined on a record. */
  readonly slowed: number | undefined
  toString(): string
}

export interface Trace {
  /** One for each hit that was wanted: `ms`, `cpu`, `pid`, `comm`, and what `take` gave; `instructions` on a record. */
  readonly frame: Frame
  /** How often it happened while traced, wanted or not. */
  readonly hits: number
  /** Whether it ended because there were as many as the limit allows. */
  readonly isCut: boolean
  readonly cost: TraceCost
  readonly problems: Problems
}

const usualLimit = 10_000

/**
 * Looks at a guest each time that a function is entered or memory is written. A deterministic guest is followed along its
 * record, which nothing slows; any other is stopped each time by a break- or watchpoint, goes on when the row is taken, and is
 * frozen at the end. What that cost is said.
 */
export async function trace(vm: Session, options: TraceOptions): Promise<Trace> {
  const { limit = usualLimit } = options
  if (!(limit >= 1)) throw new CryoscopeError('usage', `a limit is a number of hits, not ${limit}`)
  if (options.for !== undefined && !(options.for.ms > 0))
    throw new CryoscopeError('usage', `for is a time of the guest, { ms: 200 }, not ${options.for.ms} ms`)
  const collector = new Collector(options, limit)
  const { record } = vm.target
  const isRecord = record !== undefined && record.time.branch === undefined
  const cost = isRecord ? await alongRecord(vm, options, collector) : await byStops(vm, options, collector)
  return {
    frame: frame(collector.rows),
    hits: collector.hits,
    isCut: collector.hits >= limit,
    cost,
    problems: collector.problems,
  }
}

/** Makes rows of hits. */
class Collector {
  readonly rows: object[] = []
  readonly problems = new Problems()
  hits = 0
  readonly #options: TraceOptions
  readonly #limit: number

  constructor(options: TraceOptions, limit: number) {
    this.#options = options
    this.#limit = limit
  }

  /** The row of a hit, where it is wanted. Changes nothing: a place of a record is asked again when it turns out what it needs. */
  async look(at: Session, hit: Hit): Promise<object | undefined> {
    const { when, take } = this.#options
    if (when !== undefined && !(await when(at, hit))) return undefined
    const given = take === undefined ? undefined : await take(at, hit)
    return { ...this.#base(hit), ...plain(given) }
  }

  /** Counts a hit. False when there are enough. */
  keep(row: object | undefined): boolean {
    this.hits++
    if (row !== undefined) this.rows.push(row)
    return this.hits < this.#limit
  }

  #base({ ms, instructions, cpu, pid, comm, where }: Hit): object {
    const isWrite = typeof this.#options.at === 'object'
    return {
      ms,
      ...(instructions === undefined ? {} : { instructions }),
      cpu,
      pid,
      comm,
      ...(isWrite ? { where } : {}),
    }
  }
}

/** The members of a row as they are now: the guest goes on. */
function plain(row: object | undefined): object {
  if (row === undefined) return {}
  if (typeof row !== 'object' || row === null)
    throw new CryoscopeError(
      'usage',
      'take gives the columns of a row: (vm, hit) => ({ depth: vm.sched.queues.length })',
    )
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, keptValue(value)]))
}

async function byStops(vm: Session, options: TraceOptions, collector: Collector): Promise<TraceCost> {
  const { at, for: span, limit, signal } = options
  const { control } = vm.target
  if (control === undefined)
    throw new CryoscopeError(
      'state',
      `${vm.target.name} is a dump and does not run, so nothing happens in it`,
    )
  if (options.from !== undefined || options.to !== undefined) {
    throw new CryoscopeError(
      'usage',
      `from and to are times of a record, which ${vm.target.name} has not here: it is traced from now on, { for: { ms: 200 } }`,
    )
  }
  if (span === undefined && limit === undefined) {
    throw new CryoscopeError(
      'usage',
      'say how long to trace, { for: { ms: 200 } }, or how often, { limit: 100 }',
    )
  }
  let condition: { addresses: readonly bigint[] } | { write: bigint; length: number }
  if (typeof at === 'object') {
    const { address, size } = watchedPlace(vm, typedPlace(vm, at.write, at.as))
    condition = { write: address, length: size }
    if (vm.vcpus.length > 1) {
      collector.problems.add(
        'writes by several vCPUs',
        'those that happen while the guest comes to stand still are one hit: a deterministic guest has each',
      )
    }
  } else condition = { addresses: programPlaces(vm, at) }
  const end = await control.trace(
    condition,
    async ({ cpu, address, ranMs }) => {
      const vcpu = vm.vcpus.find(({ index }) => index === cpu)
      const task = vcpu?.task
      const hit: Hit = {
        ms: Math.round(ranMs * 1000) / 1000,
        instructions: undefined,
        cpu,
        pid: task?.pid,
        comm: task?.comm,
        address,
        where: vcpu?.where,
      }
      return collector.keep(await collector.look(vm, hit))
    },
    { ranMs: span?.ms, ...(signal === undefined ? {} : { signal }) },
  )
  if (end.reason === 'interrupted') {
    collector.problems.add(
      `after ${Math.round(end.ranMs)} ms`,
      'somebody else stopped the guest, which ended the trace',
    )
  }
  return costOf(end.stops, end.tookMs, end.ranMs)
}

/** Functions by name, BPF programs by that of their authors, or an instruction. */
function programPlaces(vm: Session, at: string | bigint): readonly bigint[] {
  return typeof at === 'string' && /^\w+$/.test(at) ? functionsOf(vm, at) : codePlaces(vm, at)
}

async function alongRecord(vm: Session, options: TraceOptions, collector: Collector): Promise<TraceCost> {
  const { at, when, take, for: length, from, to, signal } = options
  for (const look of [when, take]) {
    if (look === undefined || look.length > 0) continue
    throw new CryoscopeError(
      'usage',
      'on a record, when and take are functions of the vm that stands there: (vm) => ({ depth: vm.sched.queues.length })',
    )
  }
  const began = performance.now()
  const now = vm.time
  const whole: Span = {
    ...(length === undefined
      ? { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      : { from: from ?? 'now', to: { ns: now.ns + length.ms * 1e6 } }),
    ...(signal === undefined ? {} : { signal }),
  }
  const bounds = await boundsOf(vm, whole)
  const watch =
    typeof at === 'object'
      ? { pieces: watchedPlace(vm, at.write, at.as).pieces }
      : { functions: functionsOf(vm, at) }
  const stops = await (vm.target.record as NonNullable<typeof vm.target.record>).aside(
    { stores: typeof at === 'object' },
    async (journey) => {
      const lookout = new Lookout(vm, journey)
      let held = 0
      try {
        await journey.goTo(bounds.from, signal === undefined ? {} : { signal })
        await follow(vm, journey, watch, bounds, whole, async ({ hold, events }) => {
          held++
          for (const event of events) {
            const hit = hitOf(vm, event, hold)
            if (hit === undefined) continue
            const row = await lookout.ask(async (there) => await collector.look(there, hit))
            if (!collector.keep(row)) return 'end'
          }
          return undefined
        })
      } finally {
        lookout.close()
      }
      return held
    },
  )
  return costOf(stops, performance.now() - began, undefined)
}

function hitOf(vm: Session, event: RawEvent, { ns, instructions }: Moment): Hit | undefined {
  if (event.kind !== 'call' && event.kind !== 'store') return undefined
  return {
    ms: ns / 1e6,
    instructions,
    ...actorOf(event),
    address: event.kind === 'store' ? event.virtual : event.pc,
    where: whereOf(vm, event.pc).where,
  }
}

function costOf(stops: number, tookMs: number, ranMs: number | undefined): TraceCost {
  const stopsPerSecond = tookMs > 0 ? (stops * 1000) / tookMs : 0
  const slowed = ranMs === undefined || ranMs <= 0 ? undefined : tookMs / ranMs
  return {
    stops,
    tookMs,
    ranMs,
    stopsPerSecond,
    slowed,
    toString: () =>
      ranMs === undefined
        ? `held ${stops} times in ${seconds(tookMs)} (${Math.round(stopsPerSecond)} a second); the record is not slowed`
        : `stopped ${stops} times in ${seconds(tookMs)} (${Math.round(stopsPerSecond)} a second), in which the guest ran ${seconds(ranMs)}: slowed ${(slowed ?? 1).toFixed(1)} times`,
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
