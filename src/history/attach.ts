import { CryoscopeError } from '../errors.js'
import type { Frame } from '../frame/frame.js'
import { type Sample, type Sampling, sampleOverTime } from '../session/sampling.js'
import { Session } from '../session/session.js'
import type { WriteTarget } from '../session/target.js'
import type { Place } from '../session/writes.js'
import type { RecordTime } from '../time/record.js'
import type { Span } from './ask.js'
import { type CallEvent, calls } from './calls.js'
import { type Series, type SeriesOptions, series } from './series.js'
import { stepBack } from './step-back.js'
import { type Trace, type TraceOptions, trace } from './trace.js'
import { placeInTime, recordOf, type When } from './watching.js'
import { type FoundMoment, type WhenOptions, when } from './when.js'
import {
  type Answer,
  firstWrite,
  lastWrite,
  type WriteEvent,
  type WritesAnswer,
  type WritesOptions,
  writes,
} from './writes.js'

/** Where to run back to: the last call of a function, or the last write to a place. */
export type BackCondition = string | bigint | { readonly write: WriteTarget; readonly as?: string }

interface GoOptions {
  readonly signal?: AbortSignal
}

/** What asks a question of moments of a guest: it gets a `vm` that stands there, of the kind that was asked. */
interface AsksMoments<Guest> {
  /** The first moment at which a condition is true: `await vm.when((vm) => vm.map('control').get(0).pause === 1)`. */
  when(condition: (vm: Guest) => unknown, options?: WhenOptions): Promise<FoundMoment | undefined>
  /** Values of an expression over time, exact: `await vm.series((vm) => vm.sched.dsqs[0].length)`. */
  series<T>(question: (vm: Guest) => T, options?: SeriesOptions): Promise<Series<Awaited<T>>>
  /**
   * A row for each time that a function is entered or memory is written, of any guest that runs: `await vm.trace({ at: 'schedule',
   * when: (vm, hit) => hit.pid === 1, take: (vm) => ({ depth: vm.sched.queues.length }), for: { ms: 200 } })`. Without a record
   * the guest is stopped each time; `cost` says what that took.
   */
  trace(options: TraceOptions<Guest>): Promise<Trace>
}

declare module '../session/untyped.js' {
  interface AnyGuest {
    when: AsksMoments<AnyGuest>['when']
    series: AsksMoments<AnyGuest>['series']
    trace: AsksMoments<AnyGuest>['trace']
  }
}

declare module '../session/typed.js' {
  interface TypedSession<Guest extends GuestTypes> extends AsksMoments<TypedSession<Guest>> {}
}

declare module '../session/session.js' {
  interface Session extends AsksMoments<Session> {
    /** Where a deterministic guest is: instructions, ns of its clock, the vCPU that goes on, and whether this is a branch. */
    readonly time: RecordTime
    /** Goes to a place of the record: `{ ms: 250 }`, `{ instructions }`, `'start'`, `'end'`, an event of an answer. */
    goTo(when: When, options?: GoOptions): Promise<RecordTime>
    /** Goes back by so much: `vm.back({ ms: 10 })`, `vm.back({ instructions: 1000 })`. */
    back(
      by?: { readonly ms: number } | { readonly instructions: number },
      options?: GoOptions,
    ): Promise<RecordTime>
    /** Goes back by instructions of one vCPU. What is not the begin of a block is reached as a branch. */
    stepBack(cpu: number, count?: number): Promise<RecordTime>
    /** Goes back to the last call of a function, or to before the last write: `vm.runBack({ write: 'jiffies' })`. */
    runBack(condition: BackCondition, options?: Span): Promise<RecordTime>
    /** Every store into a place, oldest first: `await vm.writes({ map: 'pid_stats', key: 1 })`. */
    writes(where: WriteTarget | Place, options?: WritesOptions): Promise<WritesAnswer>
    /** The last store into a place before now. */
    lastWrite(where: WriteTarget | Place, options?: WritesOptions): Promise<WriteEvent | undefined>
    /** The first store into a place. */
    firstWrite(where: WriteTarget | Place, options?: WritesOptions): Promise<WriteEvent | undefined>
    /** Writes the record to a file that others open: kernel, files, options and seed. */
    record(file: string): Promise<void>
    /**
     * Looks at a guest over its time, any that runs: `await vm.record({ every: { ms: 5 }, for: { ms: 2000 } }, () => ({ depth:
     * vm.sched.queues.length }))`. Gives a frame with the columns `ms`, `sliceMs` and `overMs`, and those of the rows.
     */
    record(sampling: Sampling, look: () => Sample): Promise<Frame>
    /** Every call of a function with its arguments and what it returned: `await vm.calls('schedule', { from: { ms: 100 } })`. */
    calls(where: string | bigint, options?: Span): Promise<Answer<CallEvent>>
  }
}

/** The record's questions are above the session, and people want them from `vm`: whoever hands out sessions loads this file. */
Object.defineProperty(Session.prototype, 'time', {
  configurable: true,
  get(this: Session): RecordTime {
    return recordOf(this).time
  },
})

Session.prototype.goTo = async function (this: Session, when, options = {}) {
  const record = recordOf(this)
  return await record.goTo(placeInTime(record, when), options)
}

Session.prototype.back = async function (this: Session, by = { ms: 1 }, options = {}) {
  const record = recordOf(this)
  const { instructions, ns } = record.time
  const place =
    'ms' in by
      ? { ns: Math.round(ns - by.ms * 1e6) }
      : { instructions: Math.round(instructions - by.instructions) }
  const [target = 0] = Object.values(place)
  if (!(target >= 0)) throw new CryoscopeError('usage', 'the run does not go back that far')
  return await record.goTo(place, options)
}

Session.prototype.stepBack = async function (this: Session, cpu, count = 1) {
  return await stepBack(recordOf(this), cpu, count)
}

Session.prototype.runBack = async function (this: Session, condition, span = {}) {
  const record = recordOf(this)
  if (typeof condition === 'object') {
    const as = condition.as === undefined ? {} : { as: condition.as }
    const last = await lastWrite(this, condition.write, { ...span, ...as })
    if (last === undefined) throw new CryoscopeError('not-found', 'it was not written before, in this record')
    return await record.goTo(
      { instructions: last.time.instructions },
      { ...(span.signal ? { signal: span.signal } : {}) },
    )
  }
  const found = await calls(this, condition, { to: 'now', ...span })
  const last = found.events.at(-1)
  if (last === undefined)
    throw new CryoscopeError('not-found', `${String(condition)} was not called before, in this record`)
  return await record.goTo(
    { instructions: last.time.instructions },
    { ...(span.signal ? { signal: span.signal } : {}) },
  )
}

Session.prototype.writes = async function (this: Session, where, options) {
  return await writes(this, where, options)
}

Session.prototype.lastWrite = async function (this: Session, where, options) {
  return await lastWrite(this, where, options)
}

Session.prototype.firstWrite = async function (this: Session, where, options) {
  return await firstWrite(this, where, options)
}

Session.prototype.calls = async function (this: Session, where, options) {
  return await calls(this, where, options)
}

Session.prototype.when = async function (this: Session, condition, options) {
  return await when(this, condition, options)
}

Session.prototype.trace = async function (this: Session, options) {
  return await trace(this, options)
}

Session.prototype.series = async function (this: Session, question, options) {
  return await series(this, question, options)
}

function record(this: Session, file: string): Promise<void>
function record(this: Session, sampling: Sampling, look: () => Sample): Promise<Frame>
async function record(this: Session, what: string | Sampling, look?: () => Sample): Promise<unknown> {
  if (typeof what === 'string') {
    const { saveRecording } = await import('../time/recording.js')
    return await saveRecording(recordOf(this), what)
  }
  if (typeof what !== 'object' || what === null || look === undefined) {
    throw new CryoscopeError(
      'usage',
      "record writes the recording of a deterministic guest, vm.record('run.cryo'), or looks at any guest over time: vm.record({ every: { ms: 5 }, for: { ms: 2000 } }, () => ({ … }))",
    )
  }
  return await sampleOverTime(this, what, look)
}

Session.prototype.record = record
