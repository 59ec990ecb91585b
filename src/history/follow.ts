import { CryoscopeError } from '../errors.js'
import type { Session } from '../session/session.js'
import type { RawEvent } from '../time/engine/event.js'
import type { Hold, Moment } from '../time/engine/run.js'
import type { Piece } from '../time/engine/shared-file.js'
import type { Journey } from '../time/journey.js'
import type { Bounds, Span, Watch } from './ask.js'
import { type Answered, type Lookout, type Question, type Reads, watchable } from './look.js'
import { kernelFacts } from './watching.js'

/** Where the guest was held because something that is watched happened. */
export interface Stopover {
  readonly hold: Hold
  /** What happened since the stop before. Stores have been done, calls are about to be. */
  readonly events: readonly RawEvent[]
}

/**
 * Goes on along the record to `to`, and holds wherever something that is watched happens. `visit` may say what to watch from
 * there on, or end the way.
 */
export async function follow(
  vm: Session,
  journey: Journey,
  first: Watch,
  { from, to }: Bounds,
  { signal, onProgress }: Span,
  visit: (stopover: Stopover) => Promise<Watch | 'end' | undefined>,
): Promise<void> {
  const facts = kernelFacts(vm.kernel)
  const watch = ({ pieces = [], functions = [], returns = false }: Watch): void =>
    journey.prepare(({ shared }) => {
      if (facts !== undefined) shared.learn(facts)
      shared.set('holdsAtEvents', 1)
      shared.watch(pieces, functions, returns)
    })
  watch(first)
  for (let last = from; last < to; ) {
    const events: RawEvent[] = []
    const hold = await journey.runTo(
      { instructions: to },
      {
        signal,
        stopsAtEvents: true,
        onEvent: (event) => events.push(event),
        onProgress: (now) => onProgress?.(Math.max(0, now - from), to - from),
      },
    )
    // A stretch that is done again holds where it was visited before.
    if (events.length > 0 && hold.instructions > last) {
      const next = await visit({ hold, events })
      if (next === 'end') return
      if (next !== undefined) watch(next)
    }
    last = Math.max(last, hold.instructions)
  }
}

/** A moment at which a question was asked. */
export interface Asked<T> {
  readonly at: Moment
  readonly answer: Answered<T>
  /** What led there: stores into what it read the time before. */
  readonly events: readonly RawEvent[]
}

/**
 * Asks where the part begins and after each block that wrote to what the question read the time before: what it gives can
 * change nowhere else, but by devices. `take` gets every answer and may end the way.
 */
export async function askAtWrites<T>(
  vm: Session,
  journey: Journey,
  lookout: Lookout,
  question: Question<T>,
  bounds: Bounds,
  span: Span,
  take: (asked: Asked<Awaited<T>>) => boolean,
): Promise<void> {
  const { instructions, ns } = await journey.goTo(bounds.from, { signal: span.signal })
  let seen = await lookout.trace(question, true)
  if (!take({ at: { instructions, ns }, answer: seen.answer, events: [] })) return
  let watched = piecesOf(seen.reads)
  await follow(vm, journey, { pieces: watched }, bounds, span, async ({ hold, events }) => {
    seen = await lookout.trace(question, false)
    const at = { instructions: hold.instructions, ns: hold.ns }
    if (!take({ at, answer: seen.answer, events })) return 'end'
    const pieces = piecesOf(seen.reads)
    if (equal(pieces, watched)) return undefined
    watched = pieces
    return { pieces }
  })
}

/** What cannot be followed by writes, in a sentence. */
export class NotFollowed extends CryoscopeError {
  constructor(message: string) {
    super('usage', message)
  }
}

function piecesOf({ pieces, registers }: Reads): readonly Piece[] {
  if (registers) {
    throw new NotFollowed(
      'it reads registers of vCPUs, which change with every instruction: ask in equal distances, { at: { us: 100 } }',
    )
  }
  const found = watchable(pieces)
  if (found !== undefined) return found
  const pages = new Set(pieces.map(({ offset }) => Math.floor(offset / 4096))).size
  throw new NotFollowed(
    `it reads memory in ${pages} pages, too many to watch: read less in it, or ask in equal distances, { at: { ms: 1 } }`,
  )
}

function equal(a: readonly Piece[], b: readonly Piece[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ offset, length }, index) => offset === b[index]?.offset && length === b[index]?.length)
  )
}
