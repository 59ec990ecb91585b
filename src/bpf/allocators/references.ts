import { sizeOf } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { CType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems, problemText } from '../../problems.js'
import { hexOf } from '../../value/bytes.js'
import type { ArenaReader } from '../arena/reader.js'
import type { MapInfo } from '../map-info.js'
import { readerFor } from '../maps/readers.js'
import { eachValue } from '../maps/values.js'
import type { Payload, TypedReference } from './payload.js'
import { type PointerField, pointerFields } from './pointer-fields.js'
import { type Reading, type Region, viewOf } from './reading.js'
import { type GlobalSection, isBookkeeping } from './sections.js'
import { type Placed, SlotIndex } from './slots.js'

/** A reference to memory that is not handed out. */
export interface DanglingReference {
  /** Where it is kept: `pid_stats[2a000000]+0x28`, `scx_task_allocator[5]+0x60`. */
  readonly from: string
  readonly place: number
  readonly why: string
}

/** An object in a region that keeps no list of its objects, found by a pointer of a declared type. */
export interface FoundObject {
  readonly place: number
  readonly type: CType
  /** `inferred` where the pointer lies in an element whose own type is inferred. */
  readonly certainty: 'exact' | 'inferred'
  readonly from: string
}

/** What references look for: allocators of one arena, by number. */
export interface Subject {
  readonly name: string
  readonly reading: Reading
  readonly payload: Payload
}

/** What following every reference from every root gave. */
export interface References {
  /** For each allocator, 1 for each slot that a reference leads to. */
  readonly reached: readonly Uint8Array[]
  readonly dangling: readonly DanglingReference[]
  /** Those beyond the ones that are kept. */
  readonly moreDangling: number
  /** For each allocator, the types of pointers to its elements. */
  readonly typed: readonly (readonly TypedReference[])[]
  /** For each allocator, objects in its regions, by place. */
  readonly objects: readonly (readonly FoundObject[])[]
  /** Roots that could not be looked at: what only they refer to counts as unreferenced. */
  readonly unread: readonly string[]
}

const danglingLimit = 1000
const objectLimit = 100_000

interface Block {
  /** Undefined in bytes of maps. */
  readonly place: number
  readonly length: number
  readonly type: CType | undefined
  /** Bytes before the type's first. */
  readonly header: number
  /** The type is declared, not guessed. */
  readonly firm: boolean
  /** Was looked at before as bytes: only its typed pointers are news. */
  readonly onlyTyped: boolean
  readonly label: () => string
}

/**
 * Follows every reference into an arena: from global variables, maps and arena globals of its programs, and from
 * whatever those lead to. Any aligned word that looks like a pointer of this arena counts, also one into the middle of an element:
 * this finds too many references rather than too few, so that what it calls unreferenced is. Allocators' own pointers do not
 * count, memory that is never given back is always referenced.
 */
export function followReferences(
  kernel: Kernel,
  arena: ArenaReader,
  sections: readonly GlobalSection[],
  maps: readonly MapInfo[],
  subjects: readonly Subject[],
  index: SlotIndex,
): References {
  const walk = new ReferenceWalk(kernel, arena, subjects, index)
  for (const section of sections) walk.section(section)
  for (const map of maps) walk.map(map)
  for (const subject of subjects) walk.regions(subject)
  walk.drain()
  return walk.result()
}

class ReferenceWalk {
  readonly #kernel: Kernel
  readonly #arena: ArenaReader
  readonly #subjects: readonly Subject[]
  readonly #index: SlotIndex
  /** Of regions that are in use. */
  readonly #regionIndex: SlotIndex
  readonly #reached: Uint8Array[]
  readonly #dangling: DanglingReference[] = []
  #moreDangling = 0
  readonly #typed: Map<string, { type: CType; offset: number; count: number; from: string }>[]
  readonly #objects: Map<number, FoundObject>[]
  #objectCount = 0
  readonly #unread: string[] = []
  readonly #queue: Block[] = []
  readonly #fields = new Map<CType, ReadonlyMap<number, PointerField>>()

  constructor(kernel: Kernel, arena: ArenaReader, subjects: readonly Subject[], index: SlotIndex) {
    this.#kernel = kernel
    this.#arena = arena
    this.#subjects = subjects
    this.#index = index
    this.#regionIndex = new SlotIndex(subjects.map(({ reading }) => usedRegions(reading.regions)))
    this.#reached = subjects.map(({ reading }) => new Uint8Array(reading.slots.length))
    this.#typed = subjects.map(() => new Map())
    this.#objects = subjects.map(() => new Map())
  }

  result(): References {
    return {
      reached: this.#reached,
      dangling: this.#dangling,
      moreDangling: this.#moreDangling,
      typed: this.#typed.map((found) => [...found.values()]),
      objects: this.#objects.map((found) => [...found.values()].sort((a, b) => a.place - b.place)),
      unread: [...this.#arena.unlisted, ...this.#unread],
    }
  }

  /** Pointers in a type, integers that programs keep pointers in included. */
  #fieldsOf(type: CType): ReadonlyMap<number, PointerField> {
    let fields = this.#fields.get(type)
    if (fields === undefined) {
      const { context } = this.#arena
      fields = pointerFields(type, (home, offset) => context.recoverPointer?.(home, offset)?.type)
      this.#fields.set(type, fields)
    }
    return fields
  }

  section({ type, address, map }: GlobalSection): void {
    const read = this.#kernel.space.read(address, type.size)
    if (!read.ok) this.#unread.push(`${map?.name ?? type.name}: not all of it can be read`)
    const fields = this.#fieldsOf(type)
    for (const { variable, offset, size } of type.variables) {
      if (isBookkeeping(variable.type)) continue
      const end = Math.min(offset + size, read.bytes.length)
      if (end <= offset) continue
      const label = (at: number): string =>
        at === offset ? variable.name : `${variable.name}+0x${(at - offset).toString(16)}`
      this.#words(
        viewOf(read.bytes),
        Math.ceil(offset / 8) * 8,
        end,
        (at) => fields.get(at),
        true,
        false,
        label,
      )
    }
  }

  map(map: MapInfo): void {
    const reader = readerFor(map.type)
    if (reader === undefined) {
      this.#unread.push(`map ${map.name} (${map.type}): its entries are not read`)
      return
    }
    const problems = new Problems()
    const fields = map.valueType === undefined ? undefined : this.#fieldsOf(map.valueType)
    eachValue(this.#kernel, map, reader, problems, (bytes, from, length, key) => {
      const label = (at: number): string => `${map.name}[${hexOf(key())}]+0x${(at - from).toString(16)}`
      this.#words(viewOf(bytes), from, from + length, (at) => fields?.get(at - from), true, false, label)
    })
    for (const { where, why } of problems.list) this.#unread.push(`map ${map.name}, ${where}: ${why}`)
  }

  /** Memory that is never given back is in use as a whole. */
  regions({ name, reading }: Subject): void {
    const [lost] = reading.slots.lost.list
    if (lost !== undefined) this.#unread.push(`elements of ${name} that are not known: ${problemText(lost)}`)
    for (const region of reading.regions) {
      if (region.used === undefined) continue
      const label = (): string => `${name} ${region.name}`
      const plain = { type: undefined, header: 0, firm: false, onlyTyped: false, label }
      this.#queue.push({ place: region.place, length: region.used, ...plain })
    }
  }

  drain(): void {
    for (let block = this.#queue.pop(); block !== undefined; block = this.#queue.pop()) {
      const { place, type, header, firm, onlyTyped, label } = block
      const bytes = this.#readable(place, block.length)
      if (bytes.length < block.length && !onlyTyped)
        this.#unread.push(
          `${label()}: ${this.#arena.window.reason(place + bytes.length, block.length - bytes.length)}`,
        )
      const fields = type === undefined ? undefined : this.#fieldsOf(type)
      const name = (at: number): string => (at === 0 ? label() : `${label()}+0x${at.toString(16)}`)
      this.#words(viewOf(bytes), 0, bytes.length, (at) => fields?.get(at - header), firm, onlyTyped, name)
    }
  }

  /** What can be read from a place on. */
  #readable(place: number, length: number): Uint8Array {
    const { window } = this.#arena
    return window.bytes(place, length) ?? this.#kernel.space.read(window.kernelAddress(place), length).bytes
  }

  #words(
    view: DataView,
    start: number,
    end: number,
    fieldAt: (at: number) => PointerField | undefined,
    firm: boolean,
    onlyTyped: boolean,
    label: (at: number) => string,
  ): void {
    const { window } = this.#arena
    for (let at = start; at + 8 <= end; at += 8) {
      const low = view.getUint32(at, true)
      const high = view.getUint32(at + 4, true)
      const place = window.likelyPlace(low, high)
      if (place < 0) continue
      const field = fieldAt(at)
      if (!onlyTyped || field !== undefined) this.#follow(place, field, firm, onlyTyped, () => label(at))
    }
  }

  #follow(
    place: number,
    field: PointerField | undefined,
    firm: boolean,
    onlyTyped: boolean,
    from: () => string,
  ): void {
    const hit = this.#index.find(place)
    if (hit === undefined) {
      const region = this.#regionIndex.find(place)
      if (region !== undefined) {
        if (field !== undefined) this.#object(region.owner, place, field.target, firm, from)
      } else if (!onlyTyped && this.#arena.window.pageAt(place) === 'none') {
        const free = this.#arena.isFree(place)
        this.#dangle(from, place, free === true ? 'its page is free' : 'its page is not there')
      }
      return
    }
    const { name, reading, payload } = this.#subjects[hit.owner] as Subject
    const { slots } = reading
    const state = slots.states[hit.slot]
    const start = slots.places[hit.slot] as number
    const index = slots.indexes[hit.slot]
    if (state === 'recycled' || state === 'free') {
      if (!onlyTyped) this.#dangle(from, place, `${name}[${index}] is ${state}`)
      return
    }
    if (state === 'reserved') return
    if (field !== undefined && firm) this.#type(hit.owner, field.target, place - start, from)
    const reached = this.#reached[hit.owner] as Uint8Array
    if (reached[hit.slot] === 1) return
    reached[hit.slot] = 1
    this.#queue.push({
      place: start,
      length: slots.sizes[hit.slot] as number,
      type: payload.type,
      header: payload.header,
      firm: payload.certainty === 'exact',
      onlyTyped: false,
      label: () => `${name}[${index}]`,
    })
  }

  #type(owner: number, type: CType, offset: number, from: () => string): void {
    // The library's own handle says nothing of what follows it.
    if (type.name === 'sdt_data') return
    const known = this.#typed[owner] as Map<
      string,
      { type: CType; offset: number; count: number; from: string }
    >
    const key = `${type.btf.name} ${type.id} ${offset}`
    const entry = known.get(key)
    if (entry !== undefined) entry.count++
    else if (known.size < 100) known.set(key, { type, offset, count: 1, from: from() })
  }

  #object(owner: number, place: number, type: CType, firm: boolean, from: () => string): void {
    const objects = this.#objects[owner] as Map<number, FoundObject>
    const known = objects.get(place)
    if (known !== undefined && (known.certainty === 'exact' || !firm)) return
    if (this.#objectCount++ >= objectLimit) return
    const object: FoundObject = { place, type, certainty: firm ? 'exact' : 'inferred', from: from() }
    objects.set(place, object)
    const name = `${(this.#subjects[owner] as Subject).name} ${typeName(type)}`
    const length = sizeOf(type) ?? 0
    this.#queue.push({ place, length, type, header: 0, firm, onlyTyped: true, label: () => name })
  }

  #dangle(from: () => string, place: number, why: string): void {
    if (this.#dangling.length < danglingLimit) this.#dangling.push({ from: from(), place, why })
    else this.#moreDangling++
  }
}

function usedRegions(regions: readonly Region[]): Placed {
  const used = regions.filter(({ used = 0 }) => used > 0)
  return { places: used.map(({ place }) => place), sizes: used.map(({ used = 0 }) => used) }
}
