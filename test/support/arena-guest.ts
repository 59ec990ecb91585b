import type { Allocator } from '../../src/bpf/allocators/allocator.js'
import type { Arena } from '../../src/bpf/arena/arena.js'
import { listArenas } from '../../src/bpf/arena/arenas.js'
import { listMaps, type MapInfo } from '../../src/bpf/map-info.js'
import { asPhysical } from '../../src/brands.js'
import { Btf } from '../../src/btf/btf.js'
import { memberAt, sizeOf } from '../../src/btf/layout.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { Problems, problemText } from '../../src/problems.js'
import { describeScheduler } from './arena-types.js'
import { addBtf, addHash, type HashEntry } from './bpf-objects.js'
import { KernelGuest } from './kernel-guest.js'
import { writeRbtree } from './structures.js'

const guardHalf = 0x8000n
/** Where place 0 of the arena is for the kernel: in vmalloc space, and no multiple of 2 MiB. */
const kernelStart = 0xffffd90000009000n
const btfId = 40
const arenaId = 3

export interface ArenaOptions {
  readonly userStart?: bigint
  readonly maxPages?: number
  readonly flags?: number
  /** Ranges of free pages; all that were never mapped unless told. */
  readonly free?: readonly (readonly [first: number, last: number])[]
  /** 64-bit constants that the program loads. */
  readonly constants?: readonly bigint[]
  readonly countedPages?: number
  /** Bytes of memory. */
  readonly memory?: number
  /** Queues of tasks are those of the library's first release. */
  readonly queuesInHeaps?: boolean
}

interface LaidOut {
  readonly entries: readonly {
    readonly name: string
    readonly type: string
    readonly id: number
    readonly offset: number
    readonly size: number
  }[]
  readonly size: number
}

interface Variable {
  readonly name: string
  readonly type: string
  readonly at: bigint
  readonly place: number
}

/** A kernel with one arena, and a program that uses it, whose variables and arena memory a test fills byte by byte. */
export class ArenaGuest {
  readonly guest: KernelGuest
  readonly userStart: bigint
  readonly #options: ArenaOptions
  readonly #maxPages: number
  readonly #types: ReturnType<typeof describeScheduler>
  readonly #mapped = new Set<number>()
  #nextPage = 0
  readonly #sections: { name: string; at: bigint; type: number; size: number }[] = []
  readonly #hashes: { name: string; type: number; keySize: number; entries: readonly HashEntry[] }[] = []
  readonly types: Btf

  constructor(options: ArenaOptions = {}) {
    this.#options = options
    this.#types = describeScheduler(options.queuesInHeaps)
    this.guest = new KernelGuest({ memory: options.memory ?? 24 * 2 ** 20 })
    this.userStart = options.userStart ?? 1n << 44n
    this.#maxPages = options.maxPages ?? 2 ** 20
    this.types = Btf.parse(this.#types.builder.build())
  }

  // Arena memory

  /** A page of the arena; gives its place. */
  mapPage(page: number): number {
    // The first lies at physical address 0, which is memory as any other.
    const frame = this.#mapped.size === 0 ? asPhysical(0) : this.guest.frame()
    this.guest.map(this.kernelAddress(this.#place(page)), frame)
    this.#mapped.add(page)
    return this.#place(page)
  }

  /** Fresh pages in a row; gives the place of the first. */
  pages(count: number, from = this.#nextPage): number {
    for (let i = 0; i < count; i++) this.mapPage(from + i)
    this.#nextPage = Math.max(this.#nextPage, from + count)
    return this.#place(from)
  }

  isMapped(place: number): boolean {
    return this.#mapped.has(Math.floor((place - this.#place(0)) / 4096))
  }

  kernelAddress(place: number): bigint {
    return kernelStart + BigInt(place)
  }

  /** The pointer to a place as programs store it. */
  user(place: number): bigint {
    return (this.userStart & ~0xffffffffn) + BigInt(place)
  }

  u64(place: number, value: bigint | number): void {
    this.guest.u64(this.kernelAddress(place), BigInt(value))
  }

  u32(place: number, value: number): void {
    this.guest.u32(this.kernelAddress(place), value >>> 0)
  }

  pointer(at: number, to: number): void {
    this.u64(at, this.user(to))
  }

  /** Members of a struct of the program at a place. */
  set(type: string, place: number, values: Readonly<Record<string, number | bigint | string>>): void {
    this.setAt(type, this.kernelAddress(place), values)
  }

  setAt(type: string, address: bigint, values: Readonly<Record<string, number | bigint | string>>): void {
    const struct = this.types.findStruct(type)
    if (struct === undefined) throw new Error(`the test program has no struct ${type}`)
    for (const [path, value] of Object.entries(values)) {
      const member = memberAt(struct, path)
      if (member === undefined) throw new Error(`struct ${type} has no ${path}`)
      const at = address + BigInt(member.offset)
      if (typeof value === 'string') this.guest.write(at, Buffer.from(value))
      else this.guest.integer(at, value, sizeOf(member.type) ?? 8)
    }
  }

  #place(page: number): number {
    return Number(this.userStart & 0xffffffffn) + page * 4096
  }

  // Variables

  /** A section of global variables by name and type (`struct` names, or one of arena-types' ids). Gives their addresses. */
  section(name: string, variables: Readonly<Record<string, string>>): Readonly<Record<string, Variable>> {
    const laid = this.#layOut(variables)
    const map = this.guest.objects.make('bpf_array', { elem_size: laid.size }, { extra: laid.size })
    const at = map + BigInt(this.guest.objects.offsetOf('bpf_array', 'value'))
    this.#sections.push({ name, at: map, type: this.#sectionType(name, laid), size: laid.size })
    return this.#named(laid, at, -1)
  }

  /** Variables in the arena: `.addr_space.1` at a place. */
  arenaSection(
    variables: Readonly<Record<string, string>>,
    place: number,
  ): Readonly<Record<string, Variable>> {
    const laid = this.#layOut(variables)
    this.#sectionType('.addr_space.1', laid)
    return this.#named(laid, this.kernelAddress(place), place)
  }

  #layOut(variables: Readonly<Record<string, string>>): LaidOut {
    let size = 0
    const entries = Object.entries(variables).map(([name, type]) => {
      const id = this.#types.ids[type]
      if (id === undefined) throw new Error(`the test program has no ${type}`)
      const bytes = sizeOf(this.types.type(id)) ?? 8
      const entry = { name, type, id, offset: size, size: bytes }
      size += Math.ceil(bytes / 8) * 8
      return entry
    })
    return { entries, size }
  }

  #sectionType(name: string, { entries }: LaidOut): number {
    const { builder } = this.#types
    const made = entries.map(({ name: variable, id, offset, size }) => ({
      type: builder.variable(variable, id),
      offset,
      size,
    }))
    return builder.section(
      name,
      made,
      entries.reduce((sum, { size }) => sum + Math.ceil(size / 8) * 8, 0),
    )
  }

  #named({ entries }: LaidOut, at: bigint, place: number) {
    return Object.fromEntries(
      entries.map(({ name, type, offset }) => [
        name,
        { name, type, at: at + BigInt(offset), place: place < 0 ? -1 : place + offset },
      ]),
    )
  }

  /** A hash map of the program, with keys and values as bytes. */
  hash(name: string, valueType: string, keySize: number, entries: readonly HashEntry[]): void {
    const type = this.#types.ids[valueType]
    if (type === undefined) throw new Error(`the test program has no ${valueType}`)
    this.#hashes.push({ name, type, keySize, entries })
  }

  // The whole

  /** Writes maps, program and arena, and reads the arena. Call it once. */
  build(): { kernel: Kernel; maps: MapInfo[]; arena: Arena; problems: Problems; reread: () => Arena } {
    const { guest } = this
    const { free, constants = [], flags = 1024, countedPages } = this.#options
    const { objects } = guest
    const area = objects.make('vm_struct', {
      addr: kernelStart - guardHalf,
      size: 2n ** 32n + 2n * guardHalf,
    })
    const arena = objects.make('bpf_arena', {
      kern_vm: area,
      user_vm_start: this.userStart,
      user_vm_end: this.userStart + BigInt(this.#maxPages * 4096),
      nr_pages: countedPages ?? this.#mapped.size,
    })
    objects.set('bpf_map', arena + BigInt(objects.offsetOf('bpf_arena', 'map')), {
      id: arenaId,
      name: 'arena',
      map_type: 33,
      max_entries: this.#maxPages,
      map_flags: flags,
      map_extra: this.userStart,
    })
    guest.maps.set(arenaId, arena + BigInt(objects.offsetOf('bpf_arena', 'map')))
    this.#freeRanges(arena, free ?? this.#unmapped())

    const btf = addBtf(guest, btfId, this.#types.builder.build())
    const used = [guest.maps.get(arenaId) as bigint]
    for (const [i, { name, at, type, size }] of this.#sections.entries()) {
      const id = 10 + i
      objects.set('bpf_map', at, {
        id,
        name: `test${name}`.slice(0, 15),
        map_type: 2,
        key_size: 4,
        value_size: size,
        max_entries: 1,
        btf,
        btf_value_type_id: type,
      })
      guest.maps.set(id, at)
      used.push(at)
    }
    for (const [i, { name, type, keySize, entries }] of this.#hashes.entries()) {
      const id = 30 + i
      const spec = { id, name, keySize, valueSize: 8, maxEntries: 64 }
      const { address } = addHash(guest, { ...spec, members: { btf, btf_value_type_id: type } }, entries)
      guest.maps.set(id, address)
      used.push(address)
    }
    // On pages of its own: where they are missing, nothing else is.
    guest.alloc(4096, 4096)
    const list = guest.alloc(used.length * 8)
    for (const [i, map] of used.entries()) guest.u64(list + BigInt(i * 8), map)
    const aux = objects.make('bpf_prog_aux', {
      id: 5,
      name: 'test_program',
      used_maps: list,
      used_map_cnt: used.length,
      btf,
      arena,
    })
    const length = constants.length * 2
    const program = objects.make('bpf_prog', { aux, type: 27, len: length }, { extra: length * 8 })
    const code = program + BigInt(objects.offsetOf('bpf_prog', 'insnsi'))
    for (const [i, value] of constants.entries()) {
      guest.u64(code + BigInt(i * 16), ((value & 0xffffffffn) << 32n) | 0x18n)
      guest.u64(code + BigInt(i * 16 + 8), (value >> 32n) << 32n)
    }
    guest.programs.set(5, program)
    guest.alloc(4096, 4096)

    const kernel = guest.kernel()
    const maps = listMaps(kernel, new Problems())
    const problems = new Problems()
    const reread = (): Arena => {
      const [found] = listArenas(kernel, maps, problems, problems)
      if (found === undefined) throw new Error(`no arena was found: ${problems.sentences.join('; ')}`)
      return found
    }
    return { kernel, maps, arena: reread(), problems, reread }
  }

  /** The allocator of the arena with this name. */
  allocator(name: string): Allocator {
    const { arena } = this.build()
    const found = arena.allocators.find((each) => each.name === name)
    if (found === undefined)
      throw new Error(`no allocator ${name}: ${arena.problems.map(problemText).join('; ')}`)
    return found
  }

  #freeRanges(arena: bigint, ranges: readonly (readonly [number, number])[]): void {
    const { objects } = this.guest
    const link = BigInt(objects.offsetOf('range_node', 'rn_rbnode'))
    const nodes = ranges.map(([first, last]) => {
      const node = objects.make('range_node', { rn_start: first, rn_last: last })
      return node + link
    })
    writeRbtree(this.guest, arena + BigInt(objects.offsetOf('bpf_arena', 'rt.it_root.rb_root')), nodes)
  }

  #unmapped(): (readonly [number, number])[] {
    const ranges: (readonly [number, number])[] = []
    let from = 0
    for (const page of [...this.#mapped].sort((a, b) => a - b)) {
      if (page > from) ranges.push([from, page - 1])
      from = page + 1
    }
    if (from < this.#maxPages) ranges.push([from, this.#maxPages - 1])
    return ranges
  }
}
