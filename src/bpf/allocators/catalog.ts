import type { Detail, Details } from '../../contract/details.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems } from '../../problems.js'
import type { ArenaObject, ArenaReader } from '../arena/reader.js'
import type { MapInfo } from '../map-info.js'
import { Allocator, type Learned } from './allocator.js'
import { readerOf } from './kinds.js'
import { pageFragmentVariables, readPageFragments } from './page-fragments.js'
import { exactPayload, inferPayload, type Payload } from './payload.js'
import type { AllocatorReader, AllocatorVariable, Reading } from './reading.js'
import { type DanglingReference, followReferences, type References, type Subject } from './references.js'
import { allocatorsIn, type GlobalSection, onlyVariable, sectionsOf } from './sections.js'
import { SlotIndex } from './slots.js'
import { copiesIdOf, vetoOf } from './veto.js'

/** Types that lead to types that lead to types: more passes are not worth their time. */
const passLimit = 4

/** Found in a section, and read. */
interface Found {
  readonly name: string
  readonly kind: string
  readonly struct: string | undefined
  readonly address: bigint
  readonly section: string
  readonly reading: Reading
  readonly guess: Payload
  readonly problems: Problems
}

/**
 * What is allocated in an arena. Its allocators are the variables of its programs whose struct is one of an allocator's.
 */
export class ArenaContents {
  readonly allocators: readonly Allocator[]
  readonly #found: readonly Found[]
  readonly #shared: Shared

  constructor(kernel: Kernel, arena: ArenaReader, maps: readonly MapInfo[], problems: Problems) {
    const sections = sectionsOf(kernel, arena, maps)
    const found: Found[] = []
    for (const section of sections) {
      for (const variable of allocatorsIn(kernel, section)) {
        const reader = readerOf(variable.struct)
        if (reader === undefined) continue
        addFound(found, problems, variable.name, () => readOne(kernel, arena, sections, reader, variable))
      }
      if (section.map === undefined) {
        addFound(found, problems, 'page_frag', () => pageFragments(kernel, arena, section))
      }
    }
    const shared = new Shared(kernel, arena, sections, maps, found)
    this.#found = found
    this.#shared = shared
    this.allocators = found.map(
      (each, owner) => new Allocator({ ...each, arena, learn: () => shared.learn(owner) }),
    )
  }

  /** The slot, region or allocator's own memory that a place lies in. */
  objectAt(place: number): ArenaObject | undefined {
    const hit = this.#shared.index.find(place)
    if (hit !== undefined) return this.allocators[hit.owner]?.objectAt(place, hit.slot)
    for (const allocator of this.allocators) {
      const object = allocator.objectAt(place, undefined)
      if (object !== undefined) return object
    }
    return undefined
  }

  /** Name of the first allocator of which slots may be missing. */
  get unread(): string | undefined {
    return this.#found.find(({ reading }) => !reading.slots.lost.none)?.name
  }

  /** References to pages that the arena does not have. */
  get strays(): readonly DanglingReference[] {
    return this.#shared.strays
  }
}

function addFound(found: Found[], problems: Problems, name: string, read: () => Found | undefined): void {
  const one = problems.attempt(`allocator ${name}`, read)
  if (one !== undefined) found.push(one)
}

function readOne(
  kernel: Kernel,
  arena: ArenaReader,
  sections: readonly GlobalSection[],
  reader: AllocatorReader,
  variable: AllocatorVariable,
): Found {
  const problems = new Problems()
  const reading = reader.read(arena, variable, problems)
  const { elementSize, headerSize } = reading
  const guess: Payload =
    elementSize === undefined
      ? {
          type: undefined,
          header: headerSize,
          certainty: 'unknown',
          evidence: 'its objects have no common size',
          candidates: [],
        }
      : inferPayload(
          kernel,
          variable.types,
          variable.name,
          elementSize,
          headerSize,
          vetoOf(arena, reading.slots),
          copiesIdOf(arena, reading.slots),
        )
  const stats =
    reader.kind === 'sdt' ? onlyVariable(kernel, sections, variable.types, 'scx_alloc_stats') : undefined
  const members = stats?.layout.type.members ?? []
  // Counters by their names in the scheduler's struct: none is an address.
  const statistics =
    stats &&
    (Object.fromEntries(members.map(({ name }): [string, Detail] => [name, stats.unsigned(name)])) as Details)
  return {
    name: variable.name,
    kind: reader.kind,
    struct: variable.struct,
    address: variable.address,
    section: variable.section,
    reading: { ...reading, state: { ...reading.state, ...(statistics && { statistics }) } },
    guess,
    problems,
  }
}

function pageFragments(kernel: Kernel, arena: ArenaReader, section: GlobalSection): Found | undefined {
  const find = (wanted: string): { place: number; size: number } | undefined => {
    const entry = section.type.variables.find(({ variable }) => variable.name === wanted)
    if (entry === undefined) return undefined
    const place = arena.window.placeOf(section.address + BigInt(entry.offset))
    return place < 0 ? undefined : { place, size: entry.size }
  }
  const pages = find(pageFragmentVariables.pages)
  const offsets = find(pageFragmentVariables.offsets)
  if (pages === undefined || offsets === undefined) return undefined
  const problems = new Problems()
  // More CPUs than the kernel has are never used.
  const cpus = Math.max(0, ...kernel.cpus.possible) + 1
  const own = { ...pages, size: Math.min(pages.size, cpus * 8) }
  const reading = readPageFragments(arena, own, offsets, problems)
  const evidence = 'its objects have no header and no common size'
  return {
    name: 'page_frag',
    kind: 'page_frag',
    struct: undefined,
    address: arena.window.kernelAddress(pages.place),
    section: section.type.name,
    reading,
    guess: { type: undefined, header: 0, certainty: 'unknown', evidence, candidates: [] },
    problems,
  }
}

/** What takes all allocators of an arena together: done when somebody asks. */
class Shared {
  readonly #kernel: Kernel
  readonly #arena: ArenaReader
  readonly #sections: readonly GlobalSection[]
  readonly #maps: readonly MapInfo[]
  readonly #found: readonly Found[]
  #references: { readonly payloads: readonly Payload[]; readonly references: References } | undefined
  #busy = false
  #index: SlotIndex | undefined

  constructor(
    kernel: Kernel,
    arena: ArenaReader,
    sections: readonly GlobalSection[],
    maps: readonly MapInfo[],
    found: readonly Found[],
  ) {
    this.#kernel = kernel
    this.#arena = arena
    this.#sections = sections
    const used = new Set(arena.users.flatMap((user) => user.maps))
    const inSections = new Set(sections.map(({ map }) => map?.address))
    this.#maps = maps.filter(
      (map) => used.has(map.address) && !inSections.has(map.address) && map.type !== 'arena',
    )
    this.#found = found
  }

  /** Of the slots of all. */
  get index(): SlotIndex {
    this.#index ??= new SlotIndex(this.#found.map(({ reading }) => reading.slots))
    return this.#index
  }

  learn(owner: number): Learned {
    const { payloads, references } = this.#follow()
    return {
      payload: payloads[owner] as Payload,
      reached: references.reached[owner] as Uint8Array,
      dangling: references.dangling.filter(({ place }) => this.index.find(place)?.owner === owner),
      objects: references.objects[owner] ?? [],
      unread: references.unread,
    }
  }

  get strays(): readonly DanglingReference[] {
    const { window } = this.#arena
    return this.#follow().references.dangling.filter(({ place }) => window.pageAt(place) === 'none')
  }

  #follow(): { readonly payloads: readonly Payload[]; readonly references: References } {
    if (this.#references !== undefined) return this.#references
    if (this.#busy) throw new Error('references were asked for while they were followed')
    this.#busy = true
    try {
      this.#references = this.#followed()
    } finally {
      this.#busy = false
    }
    return this.#references
  }

  #followed(): { readonly payloads: readonly Payload[]; readonly references: References } {
    let payloads = this.#found.map(({ guess }) => guess)
    let references = this.#pass(payloads)
    // Elements whose type pointers gave away hold typed pointers themselves.
    for (let pass = 0; pass < passLimit; pass++) {
      const better = this.#found.map(({ guess, reading }, owner) =>
        reading.elementSize === undefined
          ? guess
          : exactPayload(guess, references.typed[owner] ?? [], reading.elementSize),
      )
      const isSame = better.every(({ type, header, certainty }, owner) => {
        const old = payloads[owner]
        return type === old?.type && header === old?.header && certainty === old?.certainty
      })
      payloads = better
      if (isSame) break
      references = this.#pass(payloads)
    }
    return { payloads, references }
  }

  #pass(payloads: readonly Payload[]): References {
    const subjects = this.#found.map(
      ({ name, reading }, owner): Subject => ({ name, reading, payload: payloads[owner] as Payload }),
    )
    return followReferences(this.#kernel, this.#arena, this.#sections, this.#maps, subjects, this.index)
  }
}
