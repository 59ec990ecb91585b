import { memberPathAt, sizeOf } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { Problems } from '../problems.js'
import type { Session } from '../session/session.js'
import type { WriteTarget } from '../session/target.js'
import type { Place } from '../session/writes.js'
import type { RawEvent, RawStore } from '../time/engine/event.js'
import { mostPieces } from '../time/engine/layout.js'
import type { Moment } from '../time/engine/run.js'
import type { Piece } from '../time/engine/shared-file.js'
import { type Json, jsonOf } from '../value/render/json.js'
import type { AnyValue, Value } from '../value/types.js'
import { valueOfBytes } from '../value/value.js'
import { type Bounds, boundsOf, momentOf, replay, type Span } from './ask.js'
import { type Actor, actorOf, eventJson, type Where, whereOf } from './event.js'
import { type Witness, witnessesOf } from './lives.js'
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
  /** That the memory was another's then, by what became of it later: "before key 7 was removed from pid_stats". */
  readonly former: string | undefined
  /** Goes to where this store has not happened yet. */
  go(): Promise<unknown>
  toJSON(): Json
}

/** That memory was given back, or handed out to somebody else. */
export interface LifeEvent extends Actor, Where {
  readonly time: Moment
  /** In a clause: "key 7 was removed from pid_stats, and its element given back". */
  readonly what: string
  go(): Promise<unknown>
  toJSON(): Json
}

/** Writes to a place, and what became of its memory meanwhile. */
export interface WritesAnswer extends Answer<WriteEvent> {
  /** Elements of hash maps, slots and pages of arenas: each time that they were given back or handed out. */
  readonly lives: readonly LifeEvent[]
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
): Promise<WritesAnswer> {
  const place = watchedPlace(vm, where, options.as)
  const bounds = await boundsOf(vm, options)
  return await writesBetween(vm, place, witnessesOf(vm, place), bounds, options)
}

/** Sentences about one place's memory that are told; `lives` has all. */
const toldLives = 20

async function writesBetween(
  vm: Session,
  place: WatchedPlace,
  witnesses: readonly Witness[],
  bounds: Bounds,
  span: Span,
): Promise<WritesAnswer> {
  const problems = new Problems()
  const pieces = [...place.pieces, ...witnesses.flatMap((witness) => witness.pieces)]
  const watched = pieces.length <= mostPieces ? witnesses : []
  if (watched.length < witnesses.length)
    problems.add(place.name, 'it is too large to see besides whether its memory was given back')
  const { image, events } = await replay(
    vm,
    { pieces: watched === witnesses ? pieces : place.pieces },
    bounds,
    span,
  )
  const { lives, begin } = livesOf(vm, watched, image.subarray(place.size), events)
  for (const [index, { time, what }] of lives.entries()) {
    if (index < toldLives) problems.add(`${place.name} at ${time.instructions} instructions`, what)
  }
  if (lives.length > toldLives)
    problems.add(place.name, `its memory was given back or handed out ${lives.length} times in all`)
  if (begin !== undefined) problems.add(`${place.name} where the part begins`, begin)
  const formerAt = (now: number): string | undefined => {
    const next = lives.find(({ time }) => time.instructions > now)
    return next === undefined ? undefined : `before ${next.what}`
  }
  const own = image.subarray(0, place.size)
  const found = events.flatMap((event) =>
    event.kind === 'store' ? apply(vm, place, own, event, problems, formerAt(event.time)) : [],
  )
  return { events: found, ...bounds, problems, lives }
}

/** What witnesses say of the memory's life. */
function livesOf(
  vm: Session,
  witnesses: readonly Witness[],
  image: Buffer,
  events: readonly RawEvent[],
): { readonly lives: readonly LifeEvent[]; readonly begin: string | undefined } {
  let start = 0
  const known = witnesses.map((witness) => {
    const length = witness.pieces.reduce((sum, piece) => sum + piece.length, 0)
    const own = Buffer.from(image.subarray(start, start + length))
    start += length
    return { witness, own, first: witness.begin(own) }
  })
  const lives: LifeEvent[] = []
  for (const event of events) {
    if (event.kind !== 'store') continue
    for (const { witness, own } of known) {
      for (const { at, from, to } of overlaps(witness.pieces, event)) {
        const before = Buffer.from(own)
        own.set(event.after.subarray(from - event.offset, to - event.offset), at)
        const what = witness.change(before, own, at, at + to - from)
        if (what !== undefined) lives.push(lifeOf(vm, event, what))
      }
    }
  }
  return { lives, begin: known.find(({ first }) => first !== undefined)?.first }
}

function lifeOf(vm: Session, event: RawStore, what: string): LifeEvent {
  const time = momentOf(event)
  const shared = { time, ...actorOf(event), ...whereOf(vm, event.pc) }
  return {
    ...shared,
    what,
    go: async () => await recordOf(vm).goTo({ instructions: time.instructions }),
    toJSON: () => ({ ...eventJson(shared, event.pc), what }),
  }
}

/** Which bytes of pieces a store hit: `at` in their image, `from` and `to` in the RAM file. */
function overlaps(
  pieces: readonly Piece[],
  { offset: stored, after }: RawStore,
): { readonly at: number; readonly from: number; readonly to: number }[] {
  const found = []
  let start = 0
  for (const { offset, length } of pieces) {
    const from = Math.max(offset, stored)
    const to = Math.min(offset + length, stored + after.length)
    if (from < to) found.push({ at: start + from - offset, from, to })
    start += length
  }
  return found
}

/** Turns a store into typed events, and the image of the place into what it is after it. */
function apply(
  vm: Session,
  place: WatchedPlace,
  image: Buffer,
  event: RawStore,
  problems: Problems,
  former: string | undefined,
): WriteEvent[] {
  return overlaps(place.pieces, event).map(({ at, from, to }) => {
    const [before, after] = [event.before, event.after].map((bytes) =>
      bytes.subarray(from - event.offset, to - event.offset),
    ) as [Uint8Array, Uint8Array]
    if (!image.subarray(at, at + before.length).equals(before)) {
      const why = 'the memory was changed by something that is no store of the guest: a device, or its engine'
      problems.add(`${place.name} before ${event.time} instructions`, why)
      image.set(before, at)
    }
    const old = Buffer.from(image)
    image.set(after, at)
    return typed(vm, place, event, { at, length: to - from, old, now: Buffer.from(image) }, former)
  })
}

interface Change {
  readonly at: number
  readonly length: number
  readonly old: Buffer
  readonly now: Buffer
}

function typed(
  vm: Session,
  place: WatchedPlace,
  event: RawStore,
  change: Change,
  former: string | undefined,
): WriteEvent {
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
    former,
    go: async () => await recordOf(vm).goTo({ instructions: time.instructions }),
    toJSON: () => ({
      ...eventJson(shared, event.pc),
      member: part.path,
      before: plain(change.old),
      after: plain(change.now),
      ...(through === undefined ? {} : { through: `0x${through.toString(16)}` }),
      ...(former === undefined ? {} : { former }),
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
  const { place, witnesses, parts } = await partsOf(vm, where, { to: 'now', ...options })
  /** What became of the memory first, in the parts behind. */
  let next: LifeEvent | undefined
  // From the last segment backwards.
  for (const part of parts.reverse()) {
    const { events, lives } = await writesBetween(vm, place, witnesses, part, options)
    const last = events.at(-1)
    if (last !== undefined) return next === undefined ? last : belatedly(last, `before ${next.what}`)
    next = lives[0] ?? next
  }
  return undefined
}

/** A write to memory of which only what came after tells that it was another's. */
function belatedly(write: WriteEvent, told: string): WriteEvent {
  const former = write.former ?? told
  return { ...write, former, toJSON: () => ({ ...(write.toJSON() as object), former }) }
}

/** The first store into a place from a time on, by default from the record's start. */
export async function firstWrite(
  vm: Session,
  where: WriteTarget | Place,
  options: WritesOptions = {},
): Promise<WriteEvent | undefined> {
  const { place, witnesses, parts } = await partsOf(vm, where, options)
  for (const part of parts) {
    const [first] = (await writesBetween(vm, place, witnesses, part, options)).events
    if (first !== undefined) return first
  }
  return undefined
}

/** A place, and the part of the record that is asked about, cut at the checkpoints in it. */
async function partsOf(
  vm: Session,
  where: WriteTarget | Place,
  options: WritesOptions,
): Promise<{
  readonly place: WatchedPlace
  readonly witnesses: readonly Witness[]
  readonly parts: Bounds[]
}> {
  const place = watchedPlace(vm, where, options.as)
  const { from, to } = await boundsOf(vm, options)
  const starts = recordOf(vm)
    .checkpoints.map(({ instructions }) => instructions)
    .filter((at) => at > from && at < to)
  const cuts = [from, ...starts]
  const witnesses = witnessesOf(vm, place)
  return { place, witnesses, parts: cuts.map((start, index) => ({ from: start, to: cuts[index + 1] ?? to })) }
}
