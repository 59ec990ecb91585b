import { memberPathAt, sizeOf } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { Problems } from '../problems.js'
import type { Session } from '../session/session.js'
import type { WriteTarget } from '../session/target.js'
import type { Place } from '../session/writes.js'
import type { RawStore } from '../time/engine/event.js'
import type { Moment } from '../time/engine/run.js'
import { type Json, jsonOf } from '../value/render/json.js'
import type { AnyValue, Value } from '../value/types.js'
import { valueOfBytes } from '../value/value.js'
import { type Bounds, boundsOf, momentOf, replay, type Span } from './ask.js'
import { type Actor, actorOf, eventJson, type Where, whereOf } from './event.js'
import { recordOf, type WatchedPlace, watchedPlace } from './watching.js'

/** A store into a watched place. */
export interface WriteEvent extends Actor, Where {
  /** Where the block of the store begins: `vm.goTo(event)` stands before it. */
  readonly time: Moment
  /** Member that was written, from the place's type: "nr_run"; empty for the place itself. */
  readonly member: string
  /** Type of before and after. */
  readonly type: string
  readonly before: AnyValue
  readonly after: AnyValue
  /** Another address than that of the place, by which the same memory was written: another mapping, or another owner. */
  readonly through: bigint | undefined
  /** Goes to where this store has not happened yet. */
  go(): Promise<unknown>
  toJSON(): Json
}

/** An answer, and what it does not cover. */
export interface Answer<T> {
  readonly events: readonly T[]
  readonly from: number
  readonly to: number
  readonly problems: Problems
}

export interface WritesOptions extends Span {
  /** Of what lies at an address. */
  readonly as?: string | CType
}

/** Every store into a place in a part of the record, oldest first. */
export async function writes(
  vm: Session,
  where: WriteTarget | Place,
  options: WritesOptions = {},
): Promise<Answer<WriteEvent>> {
  const place = watchedPlace(vm, where, options.as)
  const bounds = await boundsOf(vm, options)
  return await writesBetween(vm, place, bounds, options)
}

async function writesBetween(
  vm: Session,
  place: WatchedPlace,
  bounds: Bounds,
  span: Span,
): Promise<Answer<WriteEvent>> {
  const problems = new Problems()
  const { image, events } = await replay(vm, { pieces: place.pieces }, bounds, span)
  const found = events.flatMap((event) =>
    event.kind === 'store' ? apply(vm, place, image, event, problems) : [],
  )
  return { events: found, ...bounds, problems }
}

/** Turns a store into typed events, and the image of the place into what it is after it. */
function apply(
  vm: Session,
  place: WatchedPlace,
  image: Buffer,
  event: RawStore,
  problems: Problems,
): WriteEvent[] {
  const found: WriteEvent[] = []
  let start = 0
  for (const { offset, length } of place.pieces) {
    const from = Math.max(offset, event.offset)
    const to = Math.min(offset + length, event.offset + event.after.length)
    if (from < to) {
      const at = start + from - offset
      const [before, after] = [event.before, event.after].map((bytes) =>
        bytes.subarray(from - event.offset, to - event.offset),
      ) as [Uint8Array, Uint8Array]
      if (!image.subarray(at, at + before.length).equals(before)) {
        const why =
          'the memory was changed by something that is no store of the guest: a device, or its engine'
        problems.add(`${place.name} before ${event.time} instructions`, why)
        image.set(before, at)
      }
      const old = Buffer.from(image)
      image.set(after, at)
      found.push(typed(vm, place, event, { at, length: to - from, old, now: Buffer.from(image) }))
    }
    start += length
  }
  return found
}

interface Change {
  readonly at: number
  readonly length: number
  readonly old: Buffer
  readonly now: Buffer
}

function typed(vm: Session, place: WatchedPlace, event: RawStore, change: Change): WriteEvent {
  const part = partOf(place.type, change)
  const value = (bytes: Buffer): Value =>
    valueOfBytes(
      vm.valueContext,
      part.type,
      Uint8Array.from(bytes.subarray(part.offset, part.offset + part.size)),
      place.address + BigInt(part.offset),
      place.name,
    )
  const usual = place.address + BigInt(change.at)
  const time = momentOf(event)
  const { valueContext: context } = vm
  const plain = (bytes: Buffer): Json =>
    jsonOf(context, part.type, Uint8Array.from(bytes.subarray(part.offset, part.offset + part.size)))
  const shared = { time, ...actorOf(event), ...whereOf(vm, event.pc) }
  const shift = BigInt(event.offset - startOf(place, change.at))
  const through = event.virtual - shift === usual ? undefined : event.virtual
  return {
    ...shared,
    member: part.path,
    type: typeName(part.type),
    before: value(change.old),
    after: value(change.now),
    through,
    go: async () => await recordOf(vm).goTo({ instructions: time.instructions }),
    toJSON: () => ({
      ...eventJson(shared, event.pc),
      member: part.path,
      before: plain(change.old),
      after: plain(change.now),
      ...(through === undefined ? {} : { through: `0x${through.toString(16)}` }),
    }),
  }
}

/** Where in the RAM file a byte of the place is. */
function startOf({ pieces }: WatchedPlace, at: number): number {
  let start = 0
  for (const { offset, length } of pieces) {
    if (at < start + length) return offset + at - start
    start += length
  }
  return 0
}

/** The innermost member that holds all bytes that were stored. */
function partOf(
  type: CType,
  { at, length }: Change,
): { path: string; type: CType; offset: number; size: number } {
  const whole = { path: '', type, offset: 0, size: sizeOf(type) ?? 0 }
  const found = memberPathAt(type, at)
  if (found === undefined) return whole
  const size = sizeOf(found.type) ?? 0
  if (size === 0 || found.rest + length > size) return whole
  return { path: found.path, type: found.type, offset: at - found.rest, size }
}

/** The last store into a place before a time, by default the session's; undefined when there is none since the start. */
export async function lastWrite(
  vm: Session,
  where: WriteTarget | Place,
  options: WritesOptions = {},
): Promise<WriteEvent | undefined> {
  const { place, parts } = await partsOf(vm, where, { to: 'now', ...options })
  // From the last segment backwards.
  for (const part of parts.reverse()) {
    const last = (await writesBetween(vm, place, part, options)).events.at(-1)
    if (last !== undefined) return last
  }
  return undefined
}

/** The first store into a place from a time on, by default from the record's start. */
export async function firstWrite(
  vm: Session,
  where: WriteTarget | Place,
  options: WritesOptions = {},
): Promise<WriteEvent | undefined> {
  const { place, parts } = await partsOf(vm, where, options)
  for (const part of parts) {
    const [first] = (await writesBetween(vm, place, part, options)).events
    if (first !== undefined) return first
  }
  return undefined
}

/** A place, and the part of the record that is asked about, cut at the checkpoints in it. */
async function partsOf(
  vm: Session,
  where: WriteTarget | Place,
  options: WritesOptions,
): Promise<{ readonly place: WatchedPlace; readonly parts: Bounds[] }> {
  const place = watchedPlace(vm, where, options.as)
  const { from, to } = await boundsOf(vm, options)
  const starts = recordOf(vm)
    .checkpoints.map(({ instructions }) => instructions)
    .filter((at) => at > from && at < to)
  const cuts = [from, ...starts]
  return { place, parts: cuts.map((start, index) => ({ from: start, to: cuts[index + 1] ?? to })) }
}
