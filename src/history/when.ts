import { CryoscopeError } from '../errors.js'
import type { Session } from '../session/session.js'
import type { Moment } from '../time/engine/run.js'
import type { Journey } from '../time/journey.js'
import { type Bounds, boundsOf, type Span } from './ask.js'
import { type Actor, actorOf, type Where, whereOf } from './event.js'
import { askAtWrites, NotFollowed } from './follow.js'
import { type Answered, checkQuestion, Lookout, type Question } from './look.js'
import { recordOf } from './watching.js'

/** What is asked of a moment; anything but false, 0, '', null and undefined is yes. */
export type Condition = Question

export interface WhenOptions extends Span {
  /**
   * Instructions from one look to the next, where it need not be seen at each write: faster where much is written. What is
   * true only between two looks is not seen then. Where a look says yes and the one before no, what lies between is followed
   * write by write.
   */
  readonly every?: number
}

/** The first moment at which a condition is true. */
export interface FoundMoment {
  readonly time: Moment
  /** The last moment before it at which it was known to be false; undefined where it was true at the start. */
  readonly after: Moment | undefined
  /** The store that made it true; undefined where it was true at the start, and where it was only looked at. */
  readonly by: (Actor & Where) | undefined
  /** Whether it was asked after every write to what it reads, or only looked at in distances. */
  readonly isExact: boolean
  go(): Promise<unknown>
  toJSON(): { readonly time: Moment; readonly after: Moment | null }
}

/** Distance of looks where a condition cannot be followed by writes: two ms of a busy guest. */
const usualEvery = 2 ** 20
/** Looks in the stretch that is narrowed. */
const fineness = 64

type Found = Omit<FoundMoment, 'go' | 'toJSON'>

/**
 * The first moment of a part of the record at which the condition is true: it is asked where the part begins, and after each
 * write to what it read. One that cannot be followed so, because it reads registers or too much, is looked at in distances.
 */
export async function when(
  vm: Session,
  condition: Condition,
  { every, ...span }: WhenOptions = {},
): Promise<FoundMoment | undefined> {
  checkQuestion(condition)
  if (every !== undefined && (!Number.isSafeInteger(every) || every < 1)) {
    throw new CryoscopeError('usage', `every is a whole number of instructions, not ${every}`)
  }
  const record = recordOf(vm)
  const bounds = await boundsOf(vm, span)
  const found = await record.aside({ stores: true }, async (journey) => {
    const lookout = new Lookout(vm, journey)
    try {
      if (every !== undefined) return await inDistances(vm, journey, lookout, condition, bounds, every, span)
      return await byWrites(vm, journey, lookout, condition, bounds, span)
    } catch (error) {
      if (!(error instanceof NotFollowed)) throw error
      return await byLooks(journey, lookout, condition, bounds, every ?? usualEvery, span)
    } finally {
      lookout.close()
    }
  })
  if (found === undefined) return undefined
  return {
    ...found,
    go: async () => await recordOf(vm).goTo({ instructions: found.time.instructions }),
    toJSON: () => ({ time: found.time, after: found.after ?? null }),
  }
}

function isTrue(answer: Answered<unknown>): boolean {
  if ('error' in answer) throw answer.error
  return Boolean(answer.value)
}

async function byWrites(
  vm: Session,
  journey: Journey,
  lookout: Lookout,
  condition: Condition,
  bounds: Bounds,
  span: Span,
): Promise<Found | undefined> {
  let found: Found | undefined
  await askAtWrites(vm, journey, lookout, condition, bounds, span, ({ at, answer, events }) => {
    if (!isTrue(answer)) return true
    const last = events.at(-1)
    found = {
      time: at,
      after: last === undefined ? undefined : { instructions: last.time, ns: last.ns },
      by: last === undefined ? undefined : { ...actorOf(last), ...whereOf(vm, last.pc) },
      isExact: true,
    }
    return false
  })
  return found
}

/** Looks in distances for a stretch in which it became true, and follows that one write by write. */
async function inDistances(
  vm: Session,
  journey: Journey,
  lookout: Lookout,
  condition: Condition,
  bounds: Bounds,
  every: number,
  span: Span,
): Promise<Found | undefined> {
  const seen = await firstTrue(journey, { ...bounds, step: every }, () => lookout.ask(condition), span)
  if (seen === undefined) return undefined
  const { at, before } = seen
  if (before === undefined) return { time: at, after: undefined, by: undefined, isExact: true }
  const stretch = { from: before.instructions, to: at.instructions }
  const { signal } = span
  const found = await byWrites(
    vm,
    journey,
    lookout,
    condition,
    stretch,
    signal === undefined ? {} : { signal },
  )
  // Something that is no store of the guest made it true.
  return found ?? { time: at, after: before, by: undefined, isExact: false }
}

async function byLooks(
  journey: Journey,
  lookout: Lookout,
  condition: Condition,
  bounds: Bounds,
  every: number,
  span: Span,
): Promise<Found | undefined> {
  let { from, to } = bounds
  let step = every
  let found: Found | undefined
  for (;;) {
    const seen = await firstTrue(journey, { from, to, step }, () => lookout.ask(condition), span)
    // A look at a place that was true before may differ only where the condition itself changes.
    if (seen === undefined) return found
    found = { time: seen.at, after: seen.before ?? found?.after, by: undefined, isExact: false }
    if (seen.before === undefined || step === 1 || seen.at.instructions - seen.before.instructions <= 1)
      return found
    from = seen.before.instructions
    to = seen.at.instructions
    step = Math.max(1, Math.floor((to - from) / fineness))
  }
}

interface Stretch extends Bounds {
  readonly step: number
}

async function firstTrue(
  journey: Journey,
  { from, to, step }: Stretch,
  ask: () => Promise<unknown>,
  { signal, onProgress }: Span,
): Promise<{ readonly at: Moment; readonly before: Moment | undefined } | undefined> {
  let before: Moment | undefined
  let hold: Moment = await journey.goTo(from, { signal })
  for (;;) {
    const at = { instructions: hold.instructions, ns: hold.ns }
    if (await ask()) return { at, before }
    onProgress?.(hold.instructions - from, to - from)
    if (hold.instructions >= to) return undefined
    before = at
    hold = await journey.runTo({ instructions: Math.min(to, hold.instructions + step) }, { signal })
  }
}
