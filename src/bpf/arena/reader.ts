import type { Btf } from '../../btf/btf.js'
import type { CType } from '../../btf/types.js'
import type { Problem } from '../../problems.js'
import type { ValueContext } from '../../value/context.js'
import type { MapInfo } from '../map-info.js'
import type { ArenaGlobals } from './globals.js'
import type { ArenaUser } from './users.js'
import type { ArenaWindow } from './window.js'

/** What there is to read of an arena: what allocators are given, which know nothing of the arena that shows them. */
export interface ArenaReader {
  readonly id: number
  readonly name: string
  readonly info: MapInfo
  readonly window: ArenaWindow
  readonly context: ValueContext
  /** Programs that use it. */
  readonly users: readonly ArenaUser[]
  /** BTF of its programs, each once. */
  readonly types: readonly Btf[]
  /** The sections of variables in the arena, with how their place is known. */
  readonly globalSections: readonly ArenaGlobals[]
  /** What is odd about it, and could not be read so far. */
  readonly problems: readonly Problem[]
  /** Maps and programs that could not be listed, as sentences: what only they refer to seems unreferenced. */
  readonly unlisted: readonly string[]
  /** Pages that are mapped, by number from the start of the arena, in order. */
  readonly pages: readonly number[]
  /** Whether the kernel lists the page of a place as free; undefined when that cannot be known. */
  isFree(place: number): boolean | undefined
}

/** Something in an arena that an address lies in. */
export interface ArenaObject {
  /** "scx_task_allocator[5]", "arena_words". */
  readonly name: string
  /** live, in-flight, recycled, free, reserved … for allocations; undefined for globals. */
  readonly state: string | undefined
  /** Place of its first byte, and bytes. */
  readonly place: number
  readonly size: number
  readonly type: CType | undefined
  /** Bytes before the type's first: the header of an allocation. */
  readonly header: number
}
