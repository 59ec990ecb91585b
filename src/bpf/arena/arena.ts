import type { Btf } from '../../btf/btf.js'
import { memberPathAt, strip } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { CType } from '../../btf/types.js'
import { type ArenaJson, arenaJson, placeJson } from '../../contract/arenas.js'
import { withJson } from '../../contract/shape.js'
import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { ReadResult } from '../../memory/types.js'
import { type Figure, type Problem, Problems, whole } from '../../problems.js'
import type { ValueContext } from '../../value/context.js'
import { findType } from '../../value/find-type.js'
import type { AnyValue } from '../../value/types.js'
import { makeValue } from '../../value/value.js'
import type { Allocator } from '../allocators/allocator.js'
import { ArenaContents } from '../allocators/catalog.js'
import type { DanglingReference } from '../allocators/references.js'
import type { Container } from '../containers/container.js'
import { findContainers } from '../containers/find.js'
import type { MapInfo } from '../map-info.js'
import { beginsAt } from './begins-at.js'
import { type ArenaObjects, arenaContext, type KnownTypes } from './context.js'
import { freeRanges, isIn, type PageRange, pagesIn } from './free-ranges.js'
import { type ArenaGlobals, arenaGlobals } from './globals.js'
import type { ArenaObject, ArenaReader } from './reader.js'
import type { ArenaUser } from './users.js'
import { ArenaWindow, mapOffset, type PointerForm } from './window.js'

const pageSize = 4096

/** What an arena address is. */
export interface ArenaPlace {
  /** As user space and stored pointers have it. */
  readonly address: bigint
  /** Where the kernel, and values, have it. */
  readonly kernelAddress: bigint
  readonly form: PointerForm
  /**
   * `free`: the arena's range tree lists the page as free. `absent`: handed out, but without memory. `unreadable`: it may have memory, which
   * this target does not hold.
   */
  readonly page: 'present' | 'free' | 'absent' | 'unreadable'
  /** What lies there, when it is known: an allocation, an allocator's own memory, a global. */
  readonly object: ArenaObject | undefined
  /** "scx_task_allocator[5].pid"; of the header before an element, what lies behind it is said too. */
  readonly text: string
  /** That object, typed and lazy, behind its header; undefined where its type is not known. */
  readonly value: AnyValue
}

/** What else the kernel keeps, as far as an arena needs it. */
export interface ArenaSurroundings {
  /** All of the kernel: those of the arena's programs hold allocators, and what refers to their memory. */
  readonly maps: readonly MapInfo[]
  /** Maps and programs that could not be listed, as sentences. */
  readonly unlisted: readonly string[]
  /** The programs among them. */
  readonly unreadPrograms: readonly string[]
}

/** A BPF arena (kernel/bpf/arena.c): its window, its pages, what its addresses mean, typed reads. */
export class Arena implements ArenaReader {
  readonly info: MapInfo
  /** Programs that use it. */
  readonly users: readonly ArenaUser[]
  readonly window: ArenaWindow
  /** BTF of its programs, each once. */
  readonly types: readonly Btf[]
  readonly context: ValueContext
  readonly #kernel: Kernel
  readonly #problems = new Problems()
  #pages: readonly number[] | undefined
  #unswept: string | undefined
  #scratchPages = 0
  #free: readonly PageRange[] | undefined | null = null
  #globals: readonly ArenaGlobals[] | undefined
  #contents: ArenaContents | undefined
  #containers: readonly Container[] | undefined
  #isFinding = false
  readonly #maps: readonly MapInfo[]

  /** Maps and programs that could not be listed: what only they refer to seems unreferenced. */
  readonly unlisted: readonly string[]
  readonly #unreadProgram: string | undefined

  /** Whose types, variables and allocators are looked for is said by `users` alone. */
  constructor(
    kernel: Kernel,
    info: MapInfo,
    users: readonly ArenaUser[],
    { maps, unlisted, unreadPrograms }: ArenaSurroundings,
    known?: KnownTypes,
  ) {
    this.#kernel = kernel
    this.#maps = maps
    this.unlisted = unlisted
    this.#unreadProgram = unreadPrograms[0]
    for (const program of unreadPrograms)
      this.#problems.add('programs', `one that could not be read may use it, and know more of it: ${program}`)
    this.info = info
    this.users = users
    this.window = new ArenaWindow(kernel, info)
    this.#problems.addAll(this.window.problems)
    this.types = [...new Set(users.map(({ types }) => types))].filter((types) => types !== undefined)
    const objects: ArenaObjects = {
      name: (place) => this.#name(place),
      typed: (place) => {
        const object = this.objectAt(place)
        return object?.type && { type: object.type, place: object.place + object.header }
      },
      isInUse: (place, type) => this.#isInUse(place, type),
    }
    this.context = arenaContext(kernel, this.window, this.types, objects, known)
  }

  get id(): number {
    return this.info.id
  }

  get name(): string {
    return this.info.name
  }

  /** What is odd about it, and could not be read so far. */
  get problems(): readonly Problem[] {
    return this.#problems.list
  }

  /** Pages that are mapped, by number from the start of the arena, in order. */
  get pages(): readonly number[] {
    if (this.#pages === undefined) {
      const { pages, problem } = this.window.presentPages()
      this.#unswept = problem
      if (problem !== undefined) this.#problems.add('pages', problem)
      const scratch = scratchFrame(this.#kernel, this.#address)
      this.#pages =
        scratch === undefined ? pages : pages.filter((page) => this.window.frameOf(page) !== scratch)
      this.#scratchPages = pages.length - this.#pages.length
    }
    return this.#pages
  }

  /** How many pages have memory; at least so many where page tables could not be read. */
  get presentPages(): Figure {
    const { length } = this.pages
    const why = this.#unswept
    return why === undefined ? whole(length) : { whole: false, atLeast: length, why }
  }

  /** Pages that a stray access of a program made the kernel map to its scratch page; they are none of the arena's. */
  get scratchPages(): number {
    return this.pages.length < 0 ? 0 : this.#scratchPages
  }

  /** What the kernel itself counts, where it does (7.3). */
  get countedPages(): number | undefined {
    const arena = this.#kernel.struct('bpf_arena', this.#address)
    return arena.has('nr_pages') ? arena.number('nr_pages') : undefined
  }

  /** Page ranges that are free; undefined when this kernel's record of them cannot be read. */
  get freeRanges(): readonly PageRange[] | undefined {
    if (this.#free === null) {
      const { declaredPages } = this.window
      this.#free = freeRanges(this.#kernel, this.#address, declaredPages, this.#problems)
    }
    return this.#free
  }

  /** Pages that are handed out, with memory or without. */
  get allocatedPages(): number | undefined {
    const free = this.freeRanges
    return free === undefined ? undefined : this.window.declaredPages - pagesIn(free)
  }

  /** The sections of variables in the arena, with how their place is known. */
  get globalSections(): readonly ArenaGlobals[] {
    this.#globals ??= arenaGlobals(this.#kernel, this.window, this.users, this.#problems)
    return this.#globals
  }

  /** The variables that programs declared in the arena: `arena.globals.counter`. */
  get globals(): AnyValue {
    const [globals] = this.globalSections
    if (globals === undefined) return undefined
    return makeValue(this.context, globals.section, this.window.kernelAddress(globals.place))
  }

  /** Where an address leads; undefined when it is not of this arena. Low words count: who asks has a reason. */
  placeOf(address: bigint | number): number | undefined {
    const value = BigInt.asUintN(64, BigInt(address))
    const place = this.window.placeOf(value)
    return place < 0 ? undefined : place
  }

  /** Bytes at an arena address, in any form. */
  read(address: bigint | number, length: number): ReadResult {
    return this.#kernel.space.read(this.window.kernelAddress(this.#place(address)), length)
  }

  /**
   * What lies at an arena address, as a type of its programs or of the kernel. Pointers that allocators hand out lead to the
   * header of an element: of such an address, what the element holds is `describe(address).value`. Throws 'usage' where the
   * header would be taken for that.
   */
  at(address: bigint | number, type: string | CType): AnyValue {
    const found = typeof type === 'string' ? this.type(type) : type
    const place = this.#place(address)
    const object = this.objectAt(place)
    if (
      object?.type !== undefined &&
      place === object.place &&
      object.header > 0 &&
      sameType(found, object.type)
    ) {
      const [element, behind] = [BigInt(address), BigInt(address) + BigInt(object.header)]
      throw new CryoscopeError(
        'usage',
        `0x${element.toString(16)} is the header of ${object.name}; its ${typeName(object.type)} begins behind it, at 0x${behind.toString(16)}: take describe(0x${element.toString(16)}n).value`,
      )
    }
    return makeValue(this.context, found, this.window.kernelAddress(place))
  }

  /** A type by its name in C: the programs' own come before the kernel's. */
  type(name: string): CType {
    const [first = this.#kernel.types, ...rest] = this.types
    for (const btf of rest) {
      if (btf.find(name.replace(/^(struct|union|enum) /, '')) !== undefined)
        return findType(this.context, btf, name)
    }
    return findType(this.context, first, name)
  }

  /** What an address of the arena is: its page, and the object it lies in. */
  describe(address: bigint | number): ArenaPlace {
    const place = this.#place(address)
    const object = this.objectAt(place)
    const page = Math.floor((place - this.window.first) / pageSize)
    const free = this.freeRanges
    const state = this.window.pageAt(place)
    const typed = () =>
      object?.type &&
      makeValue(this.context, object.type, this.window.kernelAddress(object.place + object.header))
    const found: ArenaPlace = {
      get value() {
        return typed()
      },
      address: this.window.userAddress(place),
      kernelAddress: this.window.kernelAddress(place),
      form: this.window.formOf(BigInt.asUintN(64, BigInt(address))) ?? 'low32',
      page: state !== 'none' ? state : free !== undefined && isIn(free, page) ? 'free' : 'absent',
      object,
      text:
        object === undefined ? `page ${page}+0x${(place % pageSize).toString(16)}` : placeText(object, place),
    }
    const type = object?.type === undefined ? undefined : typeName(object.type)
    return withJson(found, (each) => placeJson(each, type))
  }

  /** The allocation or global that a place lies in. */
  objectAt(place: number): ArenaObject | undefined {
    return this.#globalAt(place) ?? this.#allocated.objectAt(place)
  }

  /** The allocators that hand out its memory. */
  get allocators(): readonly Allocator[] {
    return this.#allocated.allocators
  }

  /** Data structures of the sched_ext library that its programs keep in it: trees, heaps, queues, bitmaps, the topology. */
  get containers(): readonly Container[] {
    this.#containers ??= findContainers(this.#kernel, this, this.#maps, this.#problems)
    return this.#containers
  }

  /** References of its programs to pages that it does not have. */
  get strays(): readonly DanglingReference[] {
    return this.#allocated.strays
  }

  /** Whether the kernel lists the page of a place as free; undefined when that cannot be known. */
  isFree(place: number): boolean | undefined {
    const free = this.freeRanges
    return free === undefined ? undefined : isIn(free, Math.floor((place - this.window.first) / pageSize))
  }

  toJSON(): ArenaJson {
    return arenaJson(this, pageRanges(this.pages))
  }

  get #allocated(): ArenaContents {
    this.#contents ??= new ArenaContents(this.#kernel, this, this.#maps, this.#problems)
    return this.#contents
  }

  get #address(): bigint {
    return this.info.address - BigInt(mapOffset(this.#kernel))
  }

  #place(address: bigint | number): number {
    const place = this.placeOf(address)
    if (place !== undefined) return place
    const { userStart, userEnd } = this.window
    throw new CryoscopeError(
      'not-found',
      `0x${BigInt(address).toString(16)} is not in arena ${this.name}, which is 0x${userStart.toString(16)} to 0x${userEnd.toString(16)}`,
    )
  }

  #isInUse(place: number, type: CType | undefined): boolean {
    const page = place < 0 ? 'none' : this.window.pageAt(place)
    if (page === 'none') return false
    // A pointer to what this memory lacks is one all the same, unless the kernel says that nothing is there.
    if (page === 'unreadable') return this.isFree(place) !== true
    // Finding the allocators may itself ask what values are: the page has to do then.
    if (this.#isFinding) return true
    this.#isFinding = true
    try {
      const object = this.objectAt(place)
      if (object === undefined) return this.isFree(place) !== true
      if (object.state !== undefined && object.state !== 'live' && object.state !== 'in-flight') return false
      const offset = place - object.place - object.header
      const isHeader = offset === -object.header && object.header > 0
      return (
        isHeader || type === undefined || object.type === undefined || beginsAt(object.type, offset, type)
      )
    } finally {
      this.#isFinding = false
    }
  }

  #name(place: number): string | undefined {
    const object = this.objectAt(place)
    const unread = this.#allocated.unread
    if (object === undefined) {
      if (unread !== undefined) return `unknown: allocator ${unread} could not be read whole`
      const program = this.#unreadProgram
      return program === undefined ? undefined : `unknown: not all programs could be read: ${program}`
    }
    const name = nameIn(object, place)
    // Where elements are missing, memory of an allocator's own is all that is known.
    return object.state === 'reserved' && unread !== undefined
      ? `${name} (allocator ${unread} could not be read whole)`
      : name
  }

  #globalAt(place: number): ArenaObject | undefined {
    for (const { section, place: start } of this.globalSections) {
      if (place < start || place >= start + section.size) continue
      const found = section.variables.find(
        ({ offset, size }) => place - start >= offset && place - start < offset + size,
      )
      if (found === undefined) continue
      const { variable, offset, size } = found
      return {
        name: variable.name,
        state: undefined,
        place: start + offset,
        size,
        type: variable.type,
        header: 0,
      }
    }
    return undefined
  }
}

/** "scx_task_allocator[5].pid": the object, and the member that the place is in. */
function nameIn(object: ArenaObject, place: number): string {
  const offset = place - object.place - object.header
  if (offset === 0) return object.name
  const inside = object.type === undefined ? undefined : memberPathAt(object.type, offset)
  if (inside === undefined || offset < 0) return `${object.name}+0x${(place - object.place).toString(16)}`
  const path = inside.path.startsWith('[') ? inside.path : `.${inside.path}`
  return `${object.name}${path}${inside.rest === 0 ? '' : `+${inside.rest}`}`
}

/** The same for people, who may take the header for what lies behind it. */
function placeText(object: ArenaObject, place: number): string {
  const offset = place - object.place
  if (offset >= object.header || object.type === undefined) return nameIn(object, place)
  return `${nameIn(object, place)}, its header; ${typeName(object.type)} begins at +0x${object.header.toString(16)}`
}

function sameType(one: CType, other: CType): boolean {
  return strip(one) === strip(other) || typeName(strip(one)) === typeName(strip(other))
}

/** Consecutive pages as one range. */
function pageRanges(pages: readonly number[]): PageRange[] {
  const ranges: { first: number; last: number }[] = []
  for (const page of pages) {
    const range = ranges.at(-1)
    if (range !== undefined && range.last === page - 1) range.last = page
    else ranges.push({ first: page, last: page })
  }
  return ranges
}

/** Since 7.2 the kernel maps one page of zeros where a program strays. */
function scratchFrame(kernel: Kernel, arena: bigint): number | undefined {
  const reader = kernel.struct('bpf_arena', arena)
  const start = kernel.findSymbol('vmemmap_base')
  if (!reader.has('scratch_page') || start === undefined) return undefined
  const page = reader.pointer('scratch_page')
  const size = kernel.layouts.get('page').size
  const distance = page - kernel.space.u64(start)
  return page === 0n || distance < 0n ? undefined : Number(distance / BigInt(size))
}
