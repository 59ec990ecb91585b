import type { DanglingReference } from '../bpf/allocators/references.js'
import type { Arena, ArenaPlace } from '../bpf/arena/arena.js'
import type { ArenaReader } from '../bpf/arena/reader.js'
import { type FigureJson, figureJson, type Problem } from '../problems.js'
import { type Address, hexAddress } from './json.js'

const pageSize = 4096

/** Pages from the arena's start, the last included. */
export interface PageRangeJson {
  readonly first: number
  readonly last: number
}

/** A reference that leads nowhere: where it is, what it holds, and why that is wrong. */
export interface StrayJson {
  readonly from: string
  readonly pointer: Address
  readonly why: string
}

export interface ArenaJson {
  readonly id: number
  readonly name: string
  /** Of its struct bpf_map. */
  readonly address: Address
  readonly flags: number
  readonly userStart: Address
  readonly userEnd: Address
  /** Of place 0; null where the kernel's mapping is not known. */
  readonly kernelStart: Address | null
  readonly pageSize: number
  readonly declaredPages: number
  readonly presentPages: FigureJson
  readonly allocatedPages: number | null
  readonly countedPages: number | null
  readonly scratchPages: number
  readonly pages: readonly PageRangeJson[]
  /** Null where the kernel's list cannot be read. */
  readonly free: readonly PageRangeJson[] | null
  readonly globals: readonly {
    readonly section: string
    readonly address: Address
    readonly evidence: string
    readonly variables: readonly string[]
  }[]
  readonly programs: readonly { readonly id: number; readonly name: string }[]
  readonly problems: readonly Problem[]
}

/** An arena; `pages` are those that have memory. */
export function arenaJson(arena: Arena, pages: readonly PageRangeJson[]): ArenaJson {
  const { window } = arena
  return {
    id: arena.id,
    name: arena.name,
    address: hexAddress(arena.info.address),
    flags: arena.info.flags,
    userStart: hexAddress(window.userStart),
    userEnd: hexAddress(window.userEnd),
    kernelStart: window.kernelStart === 0n ? null : hexAddress(window.kernelStart),
    pageSize,
    declaredPages: window.declaredPages,
    presentPages: figureJson(arena.presentPages),
    allocatedPages: arena.allocatedPages ?? null,
    countedPages: arena.countedPages ?? null,
    scratchPages: arena.scratchPages,
    pages,
    free: arena.freeRanges ?? null,
    globals: arena.globalSections.map(({ section, place, evidence }) => ({
      section: section.name,
      address: hexAddress(window.userAddress(place)),
      evidence,
      variables: section.variables.map(({ variable }) => variable.name),
    })),
    programs: arena.users.map(({ id, name }) => ({ id, name })),
    problems: arena.problems,
  }
}

/** What is in an arena besides pages. */
export interface ArenaContentsJson extends ArenaJson {
  /** Its global variables, by name; null where its programs have none in it. */
  readonly values: unknown
  /** By name. */
  readonly allocators: readonly string[]
  readonly strays: readonly StrayJson[]
}

/** An arena with its variables, allocators and the references that lead nowhere. */
export function arenaContentsJson(arena: Arena): ArenaContentsJson {
  return {
    ...arena.toJSON(),
    values: arena.globals ?? null,
    allocators: arena.allocators.map(({ name }) => name),
    strays: strayJson(arena, arena.strays),
  }
}

export function strayJson(arena: ArenaReader, strays: readonly DanglingReference[]): StrayJson[] {
  return strays.map(({ from, place, why }) => ({
    from,
    pointer: hexAddress(arena.window.userAddress(place)),
    why,
  }))
}

/** What an arena address is. */
export interface ArenaPlaceJson {
  readonly address: Address
  readonly kernelAddress: Address
  readonly form: string
  readonly page: ArenaPlace['page']
  readonly place: string
  readonly object: {
    readonly name: string
    readonly state: string | null
    readonly size: number
    readonly type: string | null
  } | null
}

/** `type` is the C name of the object's type. */
export function placeJson(found: ArenaPlace, type: string | undefined): ArenaPlaceJson {
  const { address, kernelAddress, form, page, object, text } = found
  return {
    address: hexAddress(address),
    kernelAddress: hexAddress(kernelAddress),
    form,
    page,
    place: text,
    object:
      object === undefined
        ? null
        : { name: object.name, state: object.state ?? null, size: object.size, type: type ?? null },
  }
}
