import { strip } from '../../btf/layout.js'
import type { CType, StructType } from '../../btf/types.js'
import type { Details } from '../../contract/details.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Layout, StructReader } from '../../kernel/struct-reader.js'
import type { Figure, Problems } from '../../problems.js'
import type { AnyValue, PointerValue, Value } from '../../value/types.js'
import { makeReference } from '../../value/value.js'
import type { Allocator } from '../allocators/allocator.js'
import type { ArenaObject, ArenaReader } from '../arena/reader.js'

/** The structures of the sched_ext library (lib/ of github.com/sched-ext/scx), by the names that the library gives them. */
export type ContainerKind =
  | 'rbtree'
  | 'btree'
  | 'minheap'
  | 'atq'
  | 'dhq'
  | 'lvqueue'
  | 'bitmap'
  | 'topology'
  | 'cgroup_bw'

/** An arena with what is allocated in it. */
export interface ArenaWithContents extends ArenaReader {
  readonly allocators: readonly Allocator[]
  objectAt(place: number): ArenaObject | undefined
}

/** One thing in a container. */
export interface ContainerEntry {
  /** Its place in the container's order, from 0. */
  readonly index: number
  /** What it is ordered or found by: a key, a weight, a sequence number, a CPU, an id. Undefined where there is none. */
  readonly key: bigint | undefined
  /** Levels above it in a tree; 0 in what is no tree. */
  readonly depth: number
  /** Where it is kept, as programs have it; undefined for what has no place of its own, such as ranges of a bitmap. */
  readonly address: bigint | undefined
  /** Typed where the programs say what it is, else an integer. Lazy. */
  readonly value: AnyValue
  /** What the address lies in that a value holds or that a node is part of: "scx_task_allocator[5]". */
  readonly object: string | undefined
  /** What else is known of it, by kind: `isRed`, `strand`, `level`, `cpus`. */
  readonly details: Details
}

/** What a container was found to hold. */
export interface ContainerReading {
  readonly entries: readonly ContainerEntry[]
  /** How many there are; of a bitmap, how many bits are set. */
  readonly count: Figure
  /** What it says of itself: capacity, mode, sequence numbers. */
  readonly state: Details
}

/** Where a container was found, and how it is read. */
export interface Subject {
  readonly kernel: Kernel
  readonly arena: ArenaWithContents
  readonly type: StructType
  /** In the kernel. */
  readonly address: bigint
  /** The integer in a variable of the same program; undefined when it has none of that name. */
  variable(name: string): bigint | undefined
}

/** How one kind of container is read; one file per kind, registered in `kinds.ts`. */
export interface ContainerReader {
  readonly kind: ContainerKind
  readonly structs: readonly string[]
  /** Whether a struct of that name is laid out as the library's: by its members, which differ between its releases. */
  fits(type: StructType): boolean
  /** Never throws for what memory holds: what cannot be read is a problem, and the rest goes on. */
  read(subject: Subject, problems: Problems): ContainerReading
  /** Kernel addresses of containers that are shown as parts of this one. */
  parts?(subject: Subject, problems: Problems): readonly bigint[]
  /** The kernel address of the container that a pointer into one means: the root of a tree whose nodes are of its type. */
  top?(subject: Subject): bigint
}

/** More entries than this are counted, not listed. */
export const listedAtMost = 1_000_000
const pageSize = 4096

/** Structs of one size that the memory of an arena has room for: no walk meets more. */
export function roomFor(arena: ArenaReader, size: number): number {
  return Math.min(listedAtMost, Math.floor((arena.pages.length * pageSize) / Math.max(1, size)))
}

const layouts = new WeakMap<StructType, Layout>()

export function readerAt(kernel: Kernel, type: StructType, address: bigint): StructReader {
  let layout = layouts.get(type)
  if (layout === undefined) {
    layout = new Layout(type)
    layouts.set(type, layout)
  }
  return new StructReader(kernel.space, layout, address)
}

/** Where a pointer leads, as the kernel has it: null for 0, undefined for what leads out of the arena. */
export function follow(arena: ArenaReader, pointer: bigint): bigint | null | undefined {
  if (pointer === 0n) return null
  const place = arena.window.placeOf(pointer)
  return place < 0 ? undefined : arena.window.kernelAddress(place)
}

/** An address in the arena as programs have it; one elsewhere as it is. */
export function userAddress(arena: ArenaReader, address: bigint): bigint {
  const place = arena.window.placeOf(address)
  return place < 0 ? address : arena.window.userAddress(place)
}

/** The struct that a member points at, whole: a forward declaration is looked up. */
export function pointee(arena: ArenaReader, type: StructType, member: string): StructType | undefined {
  const found = type.member(member)
  const pointer = found === undefined ? undefined : strip(found.type)
  return pointer?.kind === 'pointer' ? wholeStruct(arena, pointer.target) : undefined
}

export function wholeStruct(arena: ArenaReader, type: CType): StructType | undefined {
  const bare = strip(type)
  const full = bare.kind === 'forward' ? arena.context.resolveForward?.(bare) : bare
  const struct = full === undefined ? undefined : strip(full)
  return struct?.kind === 'struct' ? struct : undefined
}

/** Whether a struct has members of these kinds, looking through anonymous ones. */
export function hasMembers(
  type: StructType,
  members: Readonly<Record<string, 'pointer' | 'integer' | 'array' | 'struct'>>,
): boolean {
  return Object.entries(members).every(([name, wanted]) => {
    const member = type.member(name)
    if (member === undefined) return false
    const { kind } = strip(member.type)
    if (wanted === 'integer') return kind === 'int' || kind === 'enum'
    return kind === wanted
  })
}

/** The name of an enum member's value, or the number that has none. */
export function enumText(reader: StructReader, member: string): string | number {
  const value = reader.integer(member)
  const type = strip(reader.layout.place(member).type)
  return (type.kind === 'enum' ? type.nameOf(value) : undefined) ?? Number(value)
}

/** A member as a value: an integer in which the programs keep a pointer as that pointer. */
export function memberValue(arena: ArenaReader, type: StructType, address: bigint, member: string): Value {
  const struct = makeReference(arena.context, type, address)
  if (struct.$kind !== 'struct') return struct as Value
  const found = struct.$member(member)
  return found.$kind === 'scalar' ? (found.$value as Value) : (found as Value)
}

/** A word as a pointer to a type, read where it is kept. */
export function pointerValue(
  arena: ArenaReader,
  type: StructType,
  address: bigint,
  member: string,
  pointer: CType,
): PointerValue | undefined {
  const struct = makeReference(arena.context, type, address)
  const value = struct.$kind === 'struct' ? struct.$member(member).$cast(pointer) : undefined
  return typeof value === 'object' && '$kind' in value && value.$kind === 'pointer' ? value : undefined
}

/** "scx_task_allocator[5]" for a word that is an address in something known of the arena. */
export function objectNamed(arena: ArenaReader, word: bigint): string | undefined {
  return arena.window.formOf(word) === 'user' ? arena.context.symbolize(word) : undefined
}

export function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}
