import type { Btf } from '../../btf/btf.js'
import type { Details } from '../../contract/details.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import type { Problems } from '../../problems.js'
import type { ArenaReader } from '../arena/reader.js'
import type { Slots } from './slots.js'

/** A variable that is an allocator, and where it was found. */
export interface AllocatorVariable {
  /** `scx_task_allocator`, `pools[2]`. */
  readonly name: string
  /** Its struct's name. */
  readonly struct: string
  /** Address in the kernel. */
  readonly address: bigint
  /** `.bss`, `.data.STATIC_ALLOC`, `.addr_space.1`. */
  readonly section: string
  readonly reader: StructReader
  readonly types: Btf
}

/** Memory that an allocator keeps for itself, or hands out as a whole. Places in the arena, bytes. */
export interface Region {
  readonly name: string
  readonly place: number
  readonly length: number
  /** Bytes from its start that are handed out; undefined for memory that never is. */
  readonly used: number | undefined
}

/** What one allocator was found to hold. */
export interface Reading {
  readonly slots: Slots
  /** Bytes of one element, for allocators of one size. */
  readonly elementSize: number | undefined
  /** Bytes before the payload of each element. */
  readonly headerSize: number
  readonly regions: readonly Region[]
  readonly state: Details
}

/** How one kind of allocator is read; one file per kind, registered in `kinds.ts`. */
export interface AllocatorReader {
  /** As the JSON names it. */
  readonly kind: string
  /** Structs whose variables are such allocators. */
  readonly structs: readonly string[]
  /** Never throws for what memory holds: what cannot be read is a problem, and the rest goes on. */
  read(arena: ArenaReader, variable: AllocatorVariable, problems: Problems): Reading
}

/** Where a pointer member leads: a place, -1 when it is null, -2 when it leads out of the arena. */
export function placeIn(
  arena: ArenaReader,
  variable: AllocatorVariable,
  ...paths: readonly string[]
): number {
  const value = variable.reader.pointer(...paths)
  if (value === 0n) return -1
  const place = arena.window.placeOf(value)
  return place < 0 ? -2 : place
}

/** Eight bytes of a table as a place; -1 for null, -2 for what leads out of the arena. */
export function pointerAt(arena: ArenaReader, view: DataView, at: number): number {
  const low = view.getUint32(at, true)
  const high = view.getUint32(at + 4, true)
  if (low === 0 && high === 0) return -1
  const place = arena.window.placeOfWords(low, high)
  return place < 0 ? -2 : place
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
