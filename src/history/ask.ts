import { CryoscopeError } from '../errors.js'
import type { Session } from '../session/session.js'
import type { RawEvent } from '../time/engine/event.js'
import type { Moment } from '../time/engine/run.js'
import type { Piece } from '../time/engine/shared-file.js'
import type { Journey } from '../time/journey.js'
import { kernelFacts, placeInTime, recordOf, type When } from './watching.js'

/** Which part of the record a question is about, and how to follow it. */
export interface Span {
  /** Default: where the record can first be entered. */
  readonly from?: When
  /** Default: the furthest that the run has come. */
  readonly to?: When
  readonly signal?: AbortSignal
  /** Called now and then with instructions done and in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** What to report on the way. */
export interface Watch {
  readonly pieces?: readonly Piece[]
  readonly functions?: readonly bigint[]
  readonly returns?: boolean
}

/** Instructions from and to which a question asks. */
export interface Bounds {
  readonly from: number
  readonly to: number
}

/**
 * Runs a part of the record once more, in a process of its own, and takes what happens in watched memory and functions in
 * order. The session stays where it is. `begin` is called where the part begins.
 */
export async function replay(
  vm: Session,
  watch: Watch,
  { from, to }: Bounds,
  { signal, onProgress }: Span,
  take: (event: RawEvent) => void,
  begin?: (journey: Journey) => void,
): Promise<void> {
  const record = recordOf(vm)
  const { pieces = [], functions = [], returns = false } = watch
  const facts = kernelFacts(vm.kernel)
  if (to <= from) return
  await record.aside({ stores: pieces.length > 0 }, async (journey) => {
    await journey.goTo(from, { signal })
    begin?.(journey)
    journey.prepare(({ shared }) => {
      if (facts !== undefined) shared.learn(facts)
      shared.watch(pieces, functions, returns)
    })
    await journey.runTo(
      { instructions: to },
      {
        signal,
        // A stretch that is done again begins at its checkpoint.
        onEvent: (event) => {
          if (event.time >= from && event.time < to) take(event)
        },
        onProgress: (now) => onProgress?.(Math.max(0, now - from), to - from),
      },
    )
  })
}

/** The instructions between which a question asks, found by going there where they are given as times. */
export async function boundsOf(vm: Session, { from = 'start', to = 'end', signal }: Span): Promise<Bounds> {
  const record = recordOf(vm)
  const find = async (when: When): Promise<number> => {
    const place = placeInTime(record, when)
    if ('instructions' in place) return place.instructions
    return await record.aside({ stores: false }, async (journey) => {
      const before = record.checkpoints.filter(({ ns }) => ns < place.ns).at(-1)
      await journey.goTo(before?.instructions ?? 0, { signal })
      return (await journey.runTo(place, { signal })).instructions
    })
  }
  const bounds = { from: await find(from), to: await find(to) }
  if (bounds.to < bounds.from) {
    throw new CryoscopeError(
      'usage',
      `the part of the run that is asked about ends (${bounds.to}) before it begins (${bounds.from})`,
    )
  }
  return bounds
}

/** The moment of an event: where the block begins that it happened in, which is where one can go. */
export function momentOf({ time, ns }: RawEvent): Moment {
  return { instructions: time, ns }
}
