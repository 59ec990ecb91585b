import { sizeOf } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import { type AllocatorJson, allocatorJson, foundObjectJson } from '../../contract/allocators.js'
import { jsonLine } from '../../contract/json.js'
import { withJson } from '../../contract/shape.js'
import type { Problems } from '../../problems.js'
import { hexOf } from '../../value/bytes.js'
import { compileJson } from '../../value/render/compile-json.js'
import type { AnyValue } from '../../value/types.js'
import { makeValue } from '../../value/value.js'
import type { ArenaObject, ArenaReader } from '../arena/reader.js'
import type { Payload } from './payload.js'
import type { Reading } from './reading.js'
import type { DanglingReference, FoundObject } from './references.js'
import type { SlotState } from './slots.js'

const pageSize = 4096

/** One slot of an allocator. */
export interface Allocation {
  /** The allocator's own number for it. */
  readonly index: number
  readonly state: SlotState
  /** As programs have it; undefined while it is being handed out for the first time. */
  readonly address: bigint | undefined
  /** Bytes, header included. */
  readonly size: number
  /** How often it was given back; undefined where that cannot be read. */
  readonly generation: number | undefined
  readonly bytes: Uint8Array | undefined
  /** Typed and lazy; undefined where the type is unknown. */
  readonly value: AnyValue
}

/** Where an allocator was found, and what was found out about it. */
export interface AllocatorFacts {
  readonly name: string
  readonly kind: string
  /** Its struct, undefined for allocators that are loose variables. */
  readonly struct: string | undefined
  /** In the kernel. */
  readonly address: bigint
  readonly section: string
  readonly arena: ArenaReader
  readonly reading: Reading
  readonly problems: Problems
  /** What takes references to be known: asked when first needed. */
  readonly learn: () => Learned
}

/** What references told of an allocator. */
export interface Learned {
  readonly payload: Payload
  /** 1 for each slot that a reference leads to. */
  readonly reached: Uint8Array
  readonly dangling: readonly DanglingReference[]
  readonly objects: readonly FoundObject[]
  readonly unread: readonly string[]
}

/** One allocator in an arena: what it handed out, what it keeps, and what is odd about it. */
export class Allocator {
  readonly #facts: AllocatorFacts
  #learned: Learned | undefined
  /** Bytes of the largest object that pointers found. */
  #longest: number | undefined

  constructor(facts: AllocatorFacts) {
    this.#facts = facts
  }

  get name(): string {
    return this.#facts.name
  }

  /** sdt, static, bump, stack, buddy, page_frag. */
  get kind(): string {
    return this.#facts.kind
  }

  get arena(): ArenaReader {
    return this.#facts.arena
  }

  get address(): bigint {
    return this.#facts.address
  }

  get section(): string {
    return this.#facts.section
  }

  get reading(): Reading {
    return this.#facts.reading
  }

  /** What its elements are, and how that is known. */
  get payload(): Payload {
    return this.#learn().payload
  }

  /** What is odd about it, as far as it was read. */
  get problems(): Problems['list'] {
    return this.#facts.problems.list
  }

  /** Slots that are handed out, in order. */
  get live(): readonly Allocation[] {
    return [...this.allocations('live')]
  }

  /** Slots, or those in one state, in order. */
  *allocations(state?: SlotState): Generator<Allocation> {
    const { slots } = this.reading
    for (let slot = 0; slot < slots.length; slot++) {
      if (state === undefined || slots.states[slot] === state) yield this.#allocation(slot)
    }
  }

  /** The slot with this number. */
  at(index: number): Allocation | undefined {
    const slot = this.reading.slots.indexes.indexOf(index)
    return slot < 0 ? undefined : this.#allocation(slot)
  }

  /** Objects in memory that keeps no list of them, found by pointers to them. */
  get objects(): readonly (FoundObject & { readonly address: bigint; readonly value: AnyValue })[] {
    const { window, context } = this.arena
    return this.#learn().objects.map((object) => {
      const found = {
        ...object,
        address: window.userAddress(object.place),
        value: makeValue(context, object.type, window.kernelAddress(object.place)),
      }
      return withJson(found, (each) => foundObjectJson(each, typeName))
    })
  }

  /**
   * Slots that are handed out and that nothing refers to. Where `unreadRoots` names something, what only that refers to is
   * here too.
   */
  get leaks(): readonly Allocation[] {
    const { slots } = this.reading
    const { reached } = this.#learn()
    const found: Allocation[] = []
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots.states[slot] === 'live' && reached[slot] === 0) found.push(this.#allocation(slot))
    }
    return found
  }

  /** References to slots of it that are not handed out. */
  get dangling(): readonly DanglingReference[] {
    return this.#learn().dangling
  }

  /** Roots that could not be searched for references. */
  get unreadRoots(): readonly string[] {
    return this.#learn().unread
  }

  /** The slot, region or own memory that a place lies in. */
  objectAt(place: number, slot: number | undefined): ArenaObject | undefined {
    const { slots, regions } = this.reading
    if (slot !== undefined) {
      const { type, header } = this.payload
      return {
        name: `${this.name}[${slots.indexes[slot]}]`,
        state: slots.states[slot],
        place: slots.places[slot] as number,
        size: slots.sizes[slot] as number,
        type,
        header,
      }
    }
    for (const region of regions) {
      if (place < region.place || place >= region.place + region.length) continue
      const object = this.#foundAt(place)
      const offset = (object?.place ?? region.place) - region.place
      const isMain = this.kind === 'static' && regions.length === 1
      const base = isMain ? this.name : `${this.name} ${region.name}`
      const isUsed = region.used !== undefined && place < region.place + region.used
      return {
        name: offset === 0 ? base : `${base}+0x${offset.toString(16)}`,
        state: region.used === undefined ? 'reserved' : isUsed ? 'live' : 'free',
        place: object?.place ?? region.place,
        size: object === undefined ? region.length : (sizeOf(object.type) ?? 0),
        type: object?.type,
        header: 0,
      }
    }
    return undefined
  }

  /** The object that a place lies in: of several that which starts last. They are many, and in order. */
  #foundAt(place: number): FoundObject | undefined {
    const { objects } = this.#learn()
    this.#longest ??= objects.reduce((most, { type }) => Math.max(most, sizeOf(type) ?? 0), 0)
    let low = 0
    let high = objects.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((objects[middle] as FoundObject).place <= place) low = middle + 1
      else high = middle
    }
    for (let at = low - 1; at >= 0; at--) {
      const object = objects[at] as FoundObject
      if (place - object.place >= this.#longest) return undefined
      if (place < object.place + (sizeOf(object.type) ?? 0)) return object
    }
    return undefined
  }

  /** Everything but the slots. */
  toJSON(): AllocatorJson {
    return allocatorJson(this, this.#facts.struct, typeName)
  }

  /** Every slot that was ever handed out as JSON text, one document each; those handed out now with their value. */
  *json(): Generator<string> {
    const { slots } = this.reading
    const text = this.#documents()
    for (let slot = 0; slot < slots.length; slot++) {
      const state = slots.states[slot]
      if (state !== 'free' && state !== 'reserved') yield text(slot)
    }
  }

  /** Writes slots as JSON text. */
  #documents(): (slot: number) => string {
    const { slots } = this.reading
    const { window, context } = this.arena
    const { type, header } = this.payload
    const render = type === undefined ? undefined : compileJson(context, type)
    const size = type === undefined ? 0 : (sizeOf(type) ?? 0)
    const high = `0x${(window.userAddress(0) >> 32n).toString(16)}`
    return (slot) => {
      const state = slots.states[slot] as SlotState
      const place = slots.places[slot] as number
      const address =
        place < 0
          ? 'null'
          : high === '0x0'
            ? `"0x${place.toString(16)}"`
            : `"${high}${place.toString(16).padStart(8, '0')}"`
      const head = `{"index":${slots.indexes[slot]},"state":"${state}","address":${address},"size":${slots.sizes[slot]},"generation":${slots.generations[slot] ?? null}`
      if (place < 0 || state === 'recycled' || state === 'free' || state === 'reserved') return `${head}}`
      let text = ''
      const from = place + header
      if (render !== undefined && (from % pageSize) + size <= pageSize) {
        window.inPage(from, (view, bytes, offset) => {
          text = `,"value":${render(view, bytes, offset)}`
        })
      }
      return `${head}${text === '' ? this.#whole(place, slots.sizes[slot] as number) : text}}`
    }
  }

  /** What follows the head of a slot's document when it spans pages, has no type, or cannot be read. */
  #whole(place: number, size: number): string {
    const { window, context } = this.arena
    const { type, header } = this.payload
    const bytes = window.bytes(place, size)
    if (bytes === undefined) return `,"unreadable":${jsonLine(window.reason(place, size))}`
    if (type === undefined) return `,"hex":"${hexOf(bytes, header, bytes.length)}"`
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return `,"value":${compileJson(context, type)(view, bytes, header)}`
  }

  #allocation(slot: number): Allocation {
    const { slots } = this.reading
    const { window, context } = this.arena
    const place = slots.places[slot] as number
    const size = slots.sizes[slot] as number
    const payload = (): Payload => this.payload
    const allocation: Allocation = {
      index: slots.indexes[slot] as number,
      state: slots.states[slot] as SlotState,
      address: place < 0 ? undefined : window.userAddress(place),
      size,
      generation: slots.generations[slot],
      get bytes() {
        return place < 0 ? undefined : window.bytes(place, size)?.slice()
      },
      get value() {
        const { type, header } = payload()
        if (type === undefined || place < 0) return undefined
        return makeValue(context, type, window.kernelAddress(place + header))
      },
    }
    // As a line of `json` has it.
    return withJson(allocation, () => JSON.parse(this.#documents()(slot)) as unknown)
  }

  #learn(): Learned {
    this.#learned ??= this.#facts.learn()
    return this.#learned
  }
}
