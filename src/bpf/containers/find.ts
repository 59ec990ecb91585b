import { strip } from '../../btf/layout.js'
import type { CType, StructType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems } from '../../problems.js'
import { hexOf } from '../../value/bytes.js'
import type { Allocator } from '../allocators/allocator.js'
import { type GlobalSection, sectionsOf } from '../allocators/sections.js'
import type { MapInfo } from '../map-info.js'
import { readerFor } from '../maps/readers.js'
import { eachValue } from '../maps/values.js'
import { bandwidthQueues, isBandwidthMap, readBandwidth } from './cgroup-bandwidth.js'
import { Container, type ContainerOrigin } from './container.js'
import { type ContainerField, containerFields } from './fields.js'
import { containerReader } from './kinds.js'
import { type ArenaWithContents, follow, hex, type Subject, userAddress } from './reading.js'

/** Containers of one arena that are told apart; real schedulers have some for each CPU or task. */
const containerLimit = 100_000

/**
 * The containers of an arena: those that variables of its programs, entries of their maps and elements of its allocators are, hold
 * or point at. One that several lead to is named by the first of these. What cannot be read goes to `problems`.
 */
export function findContainers(
  kernel: Kernel,
  arena: ArenaWithContents,
  maps: readonly MapInfo[],
  problems: Problems,
): Container[] {
  const search = new Search(kernel, arena, maps, problems)
  search.run()
  return search.containers()
}

interface Found {
  readonly name: string
  readonly type: StructType
  readonly address: bigint
  readonly origin: ContainerOrigin
  /** It was found as what an allocator handed out: it stands for itself only where no container has it as a part. */
  readonly isElement?: boolean
}

class Search {
  readonly #kernel: Kernel
  readonly #arena: ArenaWithContents
  readonly #problems: Problems
  readonly #sections: readonly GlobalSection[]
  readonly #maps: readonly MapInfo[]
  readonly #found = new Map<bigint, Found>()
  /** Found by pointers to a node within: they are named only where nothing leads to the whole. */
  readonly #within: Found[] = []
  readonly #fields = new Map<CType, readonly ContainerField[]>()
  readonly #tables: Container[] = []

  constructor(kernel: Kernel, arena: ArenaWithContents, maps: readonly MapInfo[], problems: Problems) {
    this.#kernel = kernel
    this.#arena = arena
    this.#problems = problems
    this.#sections = sectionsOf(kernel, arena, maps)
    const used = new Set(arena.users.flatMap((user) => user.maps))
    const inSections = new Set(this.#sections.map(({ map }) => map?.address))
    this.#maps = maps.filter(
      (map) => used.has(map.address) && !inSections.has(map.address) && map.type !== 'arena',
    )
  }

  run(): void {
    for (const section of this.#sections) this.#section(section)
    for (const map of this.#maps) this.#map(map)
    for (const allocator of this.#arena.allocators) this.#parts(allocator)
    for (const allocator of this.#arena.allocators) this.#elements(allocator)
  }

  containers(): Container[] {
    for (const found of this.#within) this.#add(found)
    const shown = new Set<bigint>()
    for (const found of this.#found.values()) {
      const reader = containerReader(found.type)
      // Read for itself: what is wrong is said of the container that has the parts.
      const parts = new Problems().attempt('parts', () =>
        reader?.parts?.(this.#subject(found), new Problems()),
      )
      for (const part of parts ?? []) shown.add(part)
    }
    const names = new Set<string>()
    const made: Container[] = []
    for (const found of this.#found.values()) {
      if (found.isElement === true && shown.has(found.address)) continue
      const reader = containerReader(found.type)
      if (reader === undefined) continue
      const subject = this.#subject(found)
      const address = userAddress(this.#arena, found.address)
      const name = names.has(found.name) ? `${found.name}@${hex(address)}` : found.name
      names.add(name)
      made.push(
        new Container({
          name,
          kind: reader.kind,
          struct: found.type,
          address,
          kernelAddress: found.address,
          arena: this.#arena,
          origin: found.origin,
          problems: new Problems(),
          read: (problems) => reader.read(subject, problems),
        }),
      )
    }
    return [...made, ...this.#tables]
  }

  #subject({ type, address }: Found): Subject {
    const kernel = this.#kernel
    return { kernel, arena: this.#arena, type, address, variable: (name) => this.#variable(type, name) }
  }

  /** The integer in a variable of the program that a type is of. */
  #variable(type: StructType, name: string): bigint | undefined {
    for (const section of this.#sections) {
      if (section.type.btf !== type.btf) continue
      const entry = section.type.variables.find(({ variable }) => variable.name === name)
      if (entry === undefined || entry.size > 8 || entry.size < 4) continue
      const read = this.#kernel.space.read(section.address + BigInt(entry.offset), entry.size)
      if (!read.ok) continue
      const view = new DataView(read.bytes.buffer, read.bytes.byteOffset)
      return entry.size === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true))
    }
    return undefined
  }

  #fieldsOf(type: CType): readonly ContainerField[] {
    let fields = this.#fields.get(type)
    if (fields === undefined) {
      const { fields: found, isWhole } = containerFields(this.#arena, type)
      if (!isWhole)
        this.#problems.add(`containers in ${type.name}`, `only the first ${found.length} are looked at`)
      fields = found
      this.#fields.set(type, fields)
    }
    return fields
  }

  #section({ type, address, map }: GlobalSection): void {
    for (const field of this.#fieldsOf(type)) {
      const [variable = ''] = field.path.split(/[.[]/)
      this.#field(field, address, field.path, `the type of the variable ${variable}`, map?.name ?? type.name)
    }
  }

  #map(map: MapInfo): void {
    const { valueType } = map
    if (valueType === undefined) return
    if (isBandwidthMap(map)) this.#bandwidth(map)
    const fields = this.#fieldsOf(valueType).filter(({ isEmbedded }) => !isEmbedded)
    const reader = readerFor(map.type)
    if (fields.length === 0 || reader === undefined) return
    const own = new Problems()
    eachValue(this.#kernel, map, reader, own, (values, from, length, key) => {
      const view = new DataView(values.buffer, values.byteOffset + from, length)
      for (const field of fields) {
        if (field.offset + 8 > length) continue
        const pointer = view.getBigUint64(field.offset, true)
        if (pointer === 0n) continue
        const path = field.path === '' ? '' : `.${field.path}`
        this.#pointer(
          field,
          pointer,
          `${map.name}[${keyText(key())}]${path}`,
          `the type of values of map ${map.name}`,
        )
      }
    })
    this.#problems.addAll(own.list.map(({ where, why }) => ({ where: `map ${map.name}, ${where}`, why })))
  }

  /** Containers that elements and objects of an allocator hold or point at. */
  #parts(allocator: Allocator): void {
    const { window } = this.#arena
    const { type, header, certainty } = allocator.payload
    const fields = type === undefined || containerOf(type) !== undefined ? [] : this.#fieldsOf(type)
    const { slots } = allocator.reading
    for (let slot = 0; slot < slots.length && fields.length > 0; slot++) {
      const place = slots.places[slot] as number
      if (slots.states[slot] !== 'live' || place < 0) continue
      const name = `${allocator.name}[${slots.indexes[slot]}]`
      const start = window.kernelAddress(place + header)
      const because = `the type of elements of ${allocator.name}`
      for (const field of fields)
        this.#field(field, start, `${name}.${field.path}`, because, name, certainty !== 'exact')
    }
    for (const object of allocator.objects) {
      const start = window.kernelAddress(object.place)
      if (containerOf(object.type) !== undefined) continue
      const base = this.#arena.context.symbolize(window.userAddress(object.place)) ?? hex(object.address)
      for (const field of this.#fieldsOf(object.type)) {
        const name = field.path === '' ? base : `${base}.${field.path}`
        const because = `the type of what ${object.from} points at`
        this.#field(field, start, name, because, base, object.certainty !== 'exact')
      }
    }
  }

  /** Elements and objects that are containers themselves. */
  #elements(allocator: Allocator): void {
    const { payload, reading, objects } = allocator
    const type = payload.type === undefined ? undefined : containerOf(payload.type)
    const { slots } = reading
    for (let slot = 0; slot < slots.length && type !== undefined; slot++) {
      const place = slots.places[slot] as number
      if (slots.states[slot] !== 'live' || place < 0) continue
      const certainty = payload.certainty === 'exact' ? 'declared' : 'inferred'
      const name = `${allocator.name}[${slots.indexes[slot]}]`
      this.#element(type, place + payload.header, { certainty, evidence: payload.evidence }, name)
    }
    for (const object of objects) {
      const struct = containerOf(object.type)
      const certainty = object.certainty === 'exact' ? 'declared' : 'inferred'
      const evidence = `the type of what ${object.from} points at`
      if (struct !== undefined) this.#element(struct, object.place, { certainty, evidence })
    }
  }

  #element(type: StructType, place: number, origin: ContainerOrigin, named?: string): void {
    const { window, context } = this.#arena
    const user = window.userAddress(place)
    const name = named ?? context.symbolize(user) ?? hex(user)
    const found: Found = { name, type, address: window.kernelAddress(place), origin, isElement: true }
    const reader = containerReader(type)
    // A node of a tree stands for the tree, which is found by its root.
    if (reader?.top !== undefined && this.#top(reader, found) !== found.address) return
    this.#add(found)
  }

  #bandwidth(map: MapInfo): void {
    const subject = { kernel: this.#kernel, arena: this.#arena }
    this.#tables.push(
      new Container({
        name: map.name,
        kind: 'cgroup_bw',
        struct: undefined,
        address: map.address,
        kernelAddress: map.address,
        arena: this.#arena,
        origin: { certainty: 'declared', evidence: `the type of values of map ${map.name}` },
        problems: new Problems(),
        read: (problems) => readBandwidth(subject, map, this.#maps, problems),
      }),
    )
    const because = `the library keeps throttled tasks there`
    // What cannot be read is said by the table.
    for (const { name, type, pointer } of bandwidthQueues(subject, map, this.#maps, new Problems())) {
      const address = follow(this.#arena, pointer)
      if (typeof address === 'bigint' && containerReader(type) !== undefined)
        this.#add({ name, type, address, origin: { certainty: 'declared', evidence: because } })
    }
  }

  #field(
    field: ContainerField,
    start: bigint,
    name: string,
    because: string,
    where: string,
    isInferred = false,
  ): void {
    const at = start + BigInt(field.offset)
    if (field.isEmbedded) {
      const certainty = isInferred ? 'inferred' : 'declared'
      this.#add({ name, type: field.target, address: at, origin: { certainty, evidence: because } })
      return
    }
    const pointer = this.#problems.attempt(`containers, ${where}`, () => this.#kernel.space.u64(at))
    if (pointer !== undefined && pointer !== 0n) this.#pointer(field, pointer, name, because, isInferred)
  }

  #pointer(field: ContainerField, pointer: bigint, name: string, because: string, isInferred = false): void {
    if (!field.accepts(pointer)) return
    const address = follow(this.#arena, pointer)
    if (address === null) return
    if (address === undefined) {
      if (field.degree === 'declared') this.#problems.add(name, `${hex(pointer)} is outside the arena`)
      return
    }
    const { degree, lines } = field
    const certainty = isInferred && degree === 'declared' ? 'inferred' : degree
    const evidence =
      degree === 'declared'
        ? because
        : `the programs use what it holds as a struct ${field.target.name} *: ${lines.join(', ')}`
    const found: Found = { name, type: field.target, address, origin: { certainty, evidence } }
    const reader = containerReader(field.target)
    const top = reader?.top === undefined ? address : this.#top(reader, found)
    if (top === undefined) return
    if (top === address) this.#add(found)
    else this.#within.push({ ...found, address: top, name: `${name} (its root)` })
  }

  #top(reader: NonNullable<ReturnType<typeof containerReader>>, found: Found): bigint | undefined {
    // A node whose parent cannot be read stands for what is below it.
    return new Problems().attempt('root', () => reader.top?.(this.#subject(found))) ?? found.address
  }

  #add(found: Found): void {
    const known = this.#found.get(found.address)
    // What C says names it better than what an integer holds.
    const isBetter =
      known !== undefined &&
      found.isElement !== true &&
      found.origin.certainty === 'declared' &&
      known.origin.certainty !== 'declared'
    if (known !== undefined && !isBetter) return
    if (this.#found.size === containerLimit) {
      this.#problems.add('containers', `more than ${containerLimit} of them: the rest is left out`)
      return
    }
    this.#found.set(found.address, found)
  }
}

function containerOf(type: CType): StructType | undefined {
  const bare = strip(type)
  return bare.kind === 'struct' && containerReader(bare) !== undefined ? bare : undefined
}

/** A key as its number where it can be one, else as bytes. */
function keyText(key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, key.length)
  if (key.length === 8) return String(view.getBigUint64(0, true))
  return key.length === 4 ? String(view.getUint32(0, true)) : hexOf(key)
}
