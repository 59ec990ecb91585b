import { readSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import type { Session } from '../session/session.js'
import { decodeEvent, encodeEvent, type RawEvent } from '../time/engine/event.js'
import { countingNumber, eventSize } from '../time/engine/layout.js'
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
  /** Those of the functions whose arguments lie in memory at their first argument, a word each. */
  readonly contexts?: readonly bigint[]
}

/** Instructions from and to which a question asks. */
export interface Bounds {
  readonly from: number
  readonly to: number
}

/** What happened in a part of the record. */
export interface Replayed {
  /** Bytes of the watched pieces, one behind the other, where the part begins. */
  readonly image: Buffer
  /** In order. */
  readonly events: readonly RawEvent[]
}

/**
 * Runs a part of the record once more, in a process of its own, and takes what happens in watched memory and functions. The
 * session stays where it is. What was asked before is known: a run of one identity is the same each time.
 */
export async function replay(
  vm: Session,
  { pieces = [], functions = [], returns = false, contexts = [] }: Watch,
  { from, to }: Bounds,
  { signal, onProgress }: Span,
): Promise<Replayed> {
  const record = recordOf(vm)
  const { answers } = record.store
  const facts = kernelFacts(vm.kernel)
  const question = { counting: countingNumber, pieces, functions, returns, contexts, from, to, facts }
  const known = answers.get(question)
  if (known !== undefined) {
    const replayed = unpack(known, sizeOf(pieces))
    if (replayed !== undefined) return replayed
  }
  const events: RawEvent[] = []
  const image = await record.aside({ stores: pieces.length > 0 }, async (journey) => {
    await journey.goTo(from, { signal })
    const first = imageOf(pieces, journey)
    if (to <= from) return first
    journey.prepare(({ shared }) => {
      if (facts !== undefined) shared.learn(facts)
      shared.watch(pieces, functions, returns, contexts)
    })
    await journey.runTo(
      { instructions: to },
      {
        signal,
        // A stretch that is done again begins at its checkpoint.
        onEvent: (event) => {
          if (event.time >= from && event.time < to) events.push(event)
        },
        onProgress: (now) => onProgress?.(Math.max(0, now - from), to - from),
      },
    )
    return first
  })
  answers.put(question, Buffer.concat([image, ...events.map(encodeEvent)]))
  return { image, events }
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

/** The bytes of pieces where a journey stands. */
export function imageOf(pieces: readonly Piece[], { ram }: Journey): Buffer {
  const image = Buffer.alloc(sizeOf(pieces))
  let done = 0
  for (const { offset, length } of pieces) {
    readSync(ram.fd, image, done, length, offset)
    done += length
  }
  return image
}

/** Reads what was kept: the image, then events. Undefined where it is not whole. */
function unpack(kept: Buffer, size: number): Replayed | undefined {
  const count = (kept.length - size) / eventSize
  if (!Number.isInteger(count) || count < 0) return undefined
  const events = Array.from({ length: count }, (_, index) => decodeEvent(kept, size + index * eventSize))
  return events.includes(undefined)
    ? undefined
    : { image: kept.subarray(0, size), events: events as RawEvent[] }
}

/** The instructions between which a question asks, found by going there where they are given as times. */
export async function boundsOf(vm: Session, { from = 'start', to = 'end', signal }: Span): Promise<Bounds> {
  const record = recordOf(vm)
  const find = async (when: When): Promise<number> => {
    const place = placeInTime(record, when)
    if ('instructions' in place) return place.instructions
    const question = { counting: countingNumber, ...place }
    const known = record.store.answers.get(question)
    if (known !== undefined) return Number(known.toString())
    const found = await record.aside({ stores: false }, async (journey) => {
      const before = record.checkpoints.filter(({ ns }) => ns < place.ns).at(-1)
      await journey.goTo(before?.instructions ?? 0, { signal })
      return (await journey.runTo(place, { signal })).instructions
    })
    record.store.answers.put(question, Buffer.from(String(found)))
    return found
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
