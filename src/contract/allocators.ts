import type { Allocator } from '../bpf/allocators/allocator.js'
import type { CType } from '../btf/types.js'
import { type FigureJson, figureJson, type Problem } from '../problems.js'
import { type StrayJson, strayJson } from './arenas.js'
import { detailsJson } from './details.js'
import { type Address, hexAddress, jsonText } from './json.js'
import { pieces } from './pieces.js'
import { valueJson } from './values.js'

export interface AllocatorJson {
  readonly name: string
  /** sdt, static, bump, stack, buddy, page_frag. */
  readonly kind: string
  readonly struct: string | null
  readonly section: string
  /** In the kernel. */
  readonly address: Address
  readonly arena: number
  readonly elementSize: number | null
  readonly headerSize: number
  /** What its elements are, and how that is known. */
  readonly payload: {
    readonly type: string | null
    readonly offset: number
    readonly certainty: string
    readonly evidence: string
    readonly candidates: readonly string[]
  }
  readonly counts: {
    readonly live: FigureJson
    readonly inFlight: FigureJson
    readonly recycled: FigureJson
    readonly free: FigureJson
    readonly torn: FigureJson
    readonly unreadable: FigureJson
  }
  readonly state: Readonly<Record<string, unknown>>
  readonly regions: readonly {
    readonly name: string
    readonly address: Address
    readonly size: number
    readonly used: number
  }[]
  readonly objects: readonly FoundObjectJson[]
  readonly leaks: readonly { readonly index: number; readonly address: Address }[]
  readonly dangling: readonly StrayJson[]
  readonly unreadRoots: readonly string[]
  readonly problems: readonly Problem[]
}

/** An object in memory that keeps no list of its objects. */
export interface FoundObjectJson {
  readonly address: Address
  readonly type: string
  readonly certainty: string
  /** The pointer that it was found by. */
  readonly from: string
  readonly value: unknown
}

export function foundObjectJson(
  { address, type, certainty, from, value }: Allocator['objects'][number],
  nameOf: (type: CType) => string,
): FoundObjectJson {
  return { address: hexAddress(address), type: nameOf(type), certainty, from, value: valueJson(value) }
}

/** Everything of an allocator but its slots; `nameOf` writes a type in C. */
export function allocatorJson(
  allocator: Allocator,
  struct: string | undefined,
  nameOf: (type: CType) => string,
): AllocatorJson {
  const { name, kind, payload, reading, arena } = allocator
  const { slots, regions } = reading
  return {
    name,
    kind,
    struct: struct ?? null,
    section: allocator.section,
    address: hexAddress(allocator.address),
    arena: arena.id,
    elementSize: reading.elementSize ?? null,
    headerSize: reading.headerSize,
    payload: {
      type: payload.type === undefined ? null : nameOf(payload.type),
      offset: payload.header,
      certainty: payload.certainty,
      evidence: payload.evidence,
      candidates: payload.candidates,
    },
    counts: {
      live: figureJson(slots.count('live')),
      inFlight: figureJson(slots.count('in-flight')),
      recycled: figureJson(slots.count('recycled')),
      free: figureJson(slots.count('free')),
      torn: figureJson(slots.count('torn')),
      unreadable: figureJson(slots.count('unreadable')),
    },
    state: detailsJson(reading.state),
    regions: regions.flatMap(({ name: region, place, length, used }) =>
      used === undefined
        ? []
        : [{ name: region, address: hexAddress(arena.window.userAddress(place)), size: length, used }],
    ),
    objects: allocator.objects.map((object) => foundObjectJson(object, nameOf)),
    leaks: allocator.leaks.map(({ index, address }) => ({ index, address: hexAddress(address ?? 0n) })),
    dangling: strayJson(arena, allocator.dangling),
    unreadRoots: allocator.unreadRoots,
    problems: allocator.problems,
  }
}

/** The contract's document of allocators, in pieces: an array, each with every allocation that it ever handed out. */
export function allocatorsDocument(allocators: readonly Allocator[]): Generator<string> {
  return pieces(listParts(allocators))
}

/** The document of one allocator, in pieces. */
export function allocatorDocument(allocator: Allocator): Generator<string> {
  return pieces(withNewline(allocator))
}

function* listParts(allocators: readonly Allocator[]): Generator<string> {
  yield '['
  for (const [n, allocator] of allocators.entries()) {
    yield n === 0 ? '\n' : ',\n'
    yield* allocatorParts(allocator)
  }
  yield allocators.length === 0 ? ']\n' : '\n]\n'
}

function* withNewline(allocator: Allocator): Generator<string> {
  yield* allocatorParts(allocator)
  yield '\n'
}

function* allocatorParts(allocator: Allocator): Generator<string> {
  yield `${jsonText(allocator).replace(/\n\}$/, '')},\n  "allocations": [`
  let count = 0
  for (const document of allocator.json()) yield `${count++ === 0 ? '' : ','}\n    ${document}`
  yield `${count === 0 ? ']' : '\n  ]'}\n}`
}
