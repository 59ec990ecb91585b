import { anyText } from '../contract/any.js'
import { CryoscopeError } from '../errors.js'
import { Problems } from '../problems.js'
import type { Session } from '../session/session.js'
import type { WriteTarget } from '../session/target.js'
import type { Place } from '../session/writes.js'
import type { Moment } from '../time/engine/run.js'
import type { Journey } from '../time/journey.js'
import type { Json } from '../value/render/json.js'
import { type Bounds, boundsOf, type Span } from './ask.js'
import { functionsOf } from './calls.js'
import { type Actor, actorOf, eventJson, type Where, whereOf } from './event.js'
import { type Asked, askAtWrites, follow } from './follow.js'
import { keptValue } from './kept.js'
import { type Answered, checkQuestion, Lookout, type Question } from './look.js'
import { recordOf, watchedPlace } from './watching.js'

/** When to ask: at what changes it, in equal distances, at each call or write, or at the events of an answer. */
export type SeriesTimes =
  | 'change'
  | { readonly ms: number }
  | { readonly us: number }
  | { readonly instructions: number }
  | { readonly call: string | bigint }
  | { readonly write: WriteTarget | Place; readonly as?: string }
  | Iterable<{ readonly time: Moment }>
  | { readonly events: Iterable<{ readonly time: Moment }> }

export interface SeriesOptions extends Span {
  /** Default 'change': the exact moments at which it became another value. */
  readonly at?: SeriesTimes
  /** Looks at most; default 20,000. The answer says where it ended. */
  readonly limit?: number
}

/** Who wrote what made the value another one. */
export interface Writer extends Actor, Where {}

export interface SeriesPoint<T = unknown> {
  /** From here on it is so; `vm.goTo(point)`. */
  readonly time: Moment
  /** Numbers and text as they were, other things as plain JSON; undefined where it could not be had. */
  readonly value: T | undefined
  /** Why it could not be had. */
  readonly why: string | undefined
  /** The last store before, of what is asked at changes. */
  readonly by: Writer | undefined
  go(): Promise<unknown>
  toJSON(): Json
}

export interface Series<T = unknown> {
  readonly points: readonly SeriesPoint<T>[]
  readonly from: number
  /** How far it was followed. */
  readonly to: number
  /** How often it was asked. */
  readonly looks: number
  readonly problems: Problems
  toJSON(): Json
}

const usualLimit = 20_000

/**
 * Values of an expression over a part of the record. `at: 'change'` finds what the expression reads and asks again only after
 * a write to that: every value it had, each with the first block at which it was so, and who wrote.
 */
export async function series<T>(
  vm: Session,
  question: Question<T>,
  { at = 'change', limit = usualLimit, ...span }: SeriesOptions = {},
): Promise<Series<Awaited<T>>> {
  checkQuestion(question)
  if (!(limit >= 1)) throw new CryoscopeError('usage', `a limit is a number of looks, not ${limit}`)
  const bounds = await boundsOf(vm, span)
  const record = recordOf(vm)
  const isChange = at === 'change'
  const stores = isChange || (typeof at === 'object' && 'write' in at)
  const collector = new Collector<Awaited<T>>(vm, limit, isChange)
  let to = bounds.from
  await record.aside({ stores }, async (journey) => {
    const lookout = new Lookout(vm, journey)
    try {
      const take = (asked: Asked<Awaited<T>>): boolean => {
        to = Math.max(to, asked.at.instructions)
        return collector.take(asked)
      }
      if (isChange) await askAtWrites(vm, journey, lookout, question, bounds, span, take)
      else await askAt(vm, journey, lookout, question, at, bounds, span, take)
      if (isChange && !collector.isFull) await collector.check(journey, lookout, question)
    } finally {
      lookout.close()
    }
  })
  if (!collector.isFull) to = bounds.to
  const { points, looks, problems } = collector
  return {
    points,
    from: bounds.from,
    to,
    looks,
    problems,
    toJSON: () => points.map((point) => point.toJSON()),
  }
}

/** Makes points of answers. */
class Collector<T> {
  readonly points: SeriesPoint<T>[] = []
  readonly problems = new Problems()
  looks = 0
  isFull = false
  readonly #vm: Session
  readonly #limit: number
  readonly #onlyChanges: boolean
  #last: string | undefined

  constructor(vm: Session, limit: number, onlyChanges: boolean) {
    this.#vm = vm
    this.#limit = limit
    this.#onlyChanges = onlyChanges
  }

  /** False when there are enough. */
  take({ at, answer, events }: Asked<T>): boolean {
    this.looks++
    const { text, value, why } = kept(answer)
    if (!this.#onlyChanges || text !== this.#last) {
      const last = events.at(-1)
      const by = last === undefined ? undefined : { ...actorOf(last), ...whereOf(this.#vm, last.pc) }
      this.points.push(this.#point(at, value, why, by))
    }
    this.#last = text
    if (this.looks < this.#limit) return true
    this.isFull = true
    this.problems.add(
      `after ${at.instructions} instructions`,
      `it was asked ${this.looks} times, which is the limit: ask from there on, or give a higher limit`,
    )
    return false
  }

  /** Where the part ends it must be what the last write made of it. */
  async check(journey: Journey, lookout: Lookout, question: Question): Promise<void> {
    const { answer } = await lookout.trace(question, false)
    if (kept(answer).text === this.#last) return
    this.problems.add(
      `after ${journey.hold?.instructions} instructions`,
      'it is another value than the last write made it: a device, or the engine, changes what it reads',
    )
  }

  #point(
    time: Moment,
    value: T | undefined,
    why: string | undefined,
    by: Writer | undefined,
  ): SeriesPoint<T> {
    const vm = this.#vm
    return {
      time,
      value,
      why,
      by,
      go: async () => await recordOf(vm).goTo({ instructions: time.instructions }),
      toJSON: () => ({
        time: { instructions: time.instructions, ns: time.ns },
        value: JSON.parse(anyText(value)) as Json,
        ...(why === undefined ? {} : { why }),
        ...(by === undefined ? {} : { by: { ...eventJson({ ...by, time }, by.address), time: null } }),
      }),
    }
  }
}

/** A value as it is now, with a text by which equal ones are known. Mistakes of the code itself are thrown. */
function kept<T>(answer: Answered<T>): { text: string; value: T | undefined; why: string | undefined } {
  if ('error' in answer) {
    const { error } = answer
    const isState = error instanceof CryoscopeError || error instanceof TypeError
    if (!isState || (error instanceof CryoscopeError && error.code === 'usage')) throw error
    return { text: `!${error.message}`, value: undefined, why: error.message }
  }
  const { value } = answer
  const text = `${typeof value} ${anyText(value)}`
  return { text, value: keptValue(value), why: undefined }
}

async function askAt<T>(
  vm: Session,
  journey: Journey,
  lookout: Lookout,
  question: Question<T>,
  at: Exclude<SeriesTimes, 'change'>,
  bounds: Bounds,
  span: Span,
  take: (asked: Asked<Awaited<T>>) => boolean,
): Promise<void> {
  const { signal, onProgress } = span
  const ask = async ({ instructions, ns }: Moment, events: Asked<T>['events'] = []): Promise<boolean> => {
    const { answer } = await lookout.trace(question, false)
    onProgress?.(instructions - bounds.from, bounds.to - bounds.from)
    return take({ at: { instructions, ns }, answer, events })
  }
  if ('call' in at || 'write' in at) {
    await journey.goTo(bounds.from, { signal })
    const watch =
      'call' in at
        ? { functions: functionsOf(vm, at.call) }
        : { pieces: watchedPlace(vm, at.write, at.as).pieces }
    await follow(vm, journey, watch, bounds, span, async ({ hold, events }) =>
      (await ask(hold, events)) ? undefined : 'end',
    )
    return
  }
  if (Symbol.iterator in at || 'events' in at) {
    const events = [...(Symbol.iterator in at ? at : at.events)]
    const places = [...new Set(events.map(({ time }) => time.instructions))].sort((a, b) => a - b)
    for (const instructions of places) {
      if (!(await ask(await journey.goTo(instructions, { signal })))) return
    }
    return
  }
  const step = distance(at)
  let hold: Moment = await journey.goTo(bounds.from, { signal })
  while (await ask(hold)) {
    if (hold.instructions >= bounds.to) return
    const next = step.ns === undefined ? hold.instructions + (step.instructions ?? 0) : bounds.to
    hold = await journey.runTo(
      {
        instructions: Math.min(bounds.to, next),
        ...(step.ns === undefined ? {} : { ns: hold.ns + step.ns }),
      },
      { signal },
    )
  }
}

function distance(at: { ms: number } | { us: number } | { instructions: number }): {
  readonly ns?: number
  readonly instructions?: number
} {
  const [[name, number] = ['', 0]] = Object.entries(at) as [string, number][]
  const factor = { ms: 1e6, us: 1e3, instructions: 1 }[name]
  if (factor === undefined || !(number > 0)) {
    throw new CryoscopeError(
      'usage',
      "at is 'change', { ms }, { us }, { instructions } (positive numbers), { call }, { write }, or events of an answer",
    )
  }
  return name === 'instructions' ? { instructions: Math.max(1, Math.round(number)) } : { ns: number * factor }
}
