import type { BpfMap, MapEntry } from '../bpf/map.js'
import type { CpuValue, EntryKey, EntryValue } from '../bpf/maps/entry.js'
import type { NamedObject } from '../bpf/maps/objects/named-object.js'
import type { Program } from '../bpf/programs/program-object.js'
import type { CType } from '../btf/types.js'
import type { Located, Pointer, PointerTo, Struct } from '../value/typed.js'
import type { Session } from './session.js'
import type { MapPlace, Stop, WaitOptions } from './target.js'
import type { TaskContext } from './task-context.js'
import type { Asked } from './untyped.js'
import type { IndexedEntry, RangeEntry, Walk } from './walks.js'
import type { Write } from './writes.js'

/** What declarations say of one target: names, and the types behind them. */
export interface GuestTypes {
  /** Types of the kernel by their C names: `'struct rq'`. */
  readonly types: object
  /** Globals of the kernel that have one place. */
  readonly variables: object
  /** Globals with a place for each CPU. */
  readonly perCpu: object
  /** BPF maps: what `get` gives, what an entry's value is, and what `variables` are. */
  readonly maps: object
  /** Names of BPF programs, arenas, allocators and containers. */
  readonly programs: string
  readonly arenas: string
  readonly allocators: string
  readonly containers: string
}

/** What a map holds. */
export interface MapTypes<Got = unknown, Held = unknown, Variables = undefined> {
  readonly got: Got
  readonly held: Held
  readonly variables: Variables
}

type AnyMap = MapTypes<unknown, unknown, unknown>

/** A name out of those that there are; text that is known only when running is let through. */
export type NameOf<Known, Name extends string> = string extends Name ? Name : Known & string

/** A pointer to a struct has its members, as with `->`. */
type PointerOf<T> = T extends Struct ? Pointer<T> : PointerTo<T>

/** What lies at a C type's name; pointers to it too. */
export type TypeNamed<Types, Name> = Name extends keyof Types
  ? Types[Name]
  : Name extends `${infer Target} *`
    ? PointerOf<TypeNamed<Types, Target>>
    : // biome-ignore lint/suspicious/noExplicitAny: names are looked up when running; only some are known here
      any

/** A map whose values are typed. */
export interface TypedMap<Types extends AnyMap>
  extends Omit<BpfMap, 'get' | 'entry' | 'entries' | 'variables'> {
  /** The value at a key; undefined when the map has no such key. Per-CPU maps give one value per CPU. */
  get(key?: unknown): Types['got'] | undefined
  entry(key?: unknown): TypedEntry<Types['held']> | undefined
  entries(): Generator<TypedEntry<Types['held']>>
  /** The variables of a global section. */
  readonly variables: Types['variables']
}

export interface TypedEntry<Held> extends Omit<MapEntry, 'key' | 'value' | 'cpus'> {
  readonly key: Omit<EntryKey, 'owner'> & { readonly owner: AnyOf<NamedObject> | undefined }
  readonly value: TypedValue<EntryValue, Held> | undefined
  readonly cpus: readonly TypedValue<CpuValue, Held>[] | undefined
}

type TypedValue<Of, Held> = Omit<Of, 'value' | 'target'> & {
  readonly value: Held
  readonly target: AnyOf<NamedObject> | undefined
}

type KeysOf<Union> = Union extends unknown ? keyof Union : never
type At<Union, Key> = Union extends { readonly [K in Key & PropertyKey]: infer Held } ? Held : never

/** One of several types, of which each may be asked for what only others have: the map decides which it is. */
export type AnyOf<Union> = Union & { readonly [Key in KeysOf<Union>]?: At<Union, Key> }

type Replaced =
  | 'map'
  | 'prog'
  | 'arena'
  | 'allocator'
  | 'container'
  | 'task'
  | 'variable'
  | 'at'
  | 'runUntil'
  | 'write'
  | Asked
  | 'list'
  | 'hlist'
  | 'rbtree'
  | 'rhashtable'
  | 'xarray'
  | 'maple'

/** Where a walk begins: a symbol, an address, or a value that lies there. */
type TypedStart = string | bigint | Located

/** Where to stop. */
type TypedCondition =
  | string
  | bigint
  | { readonly write: string | bigint | Located; readonly length?: number }

type Task<Types> = TypeNamed<Types, 'struct task_struct'>

/** A task_struct, wherever it was found. */
export interface TaskStruct extends Struct {
  /** All that BPF keeps of the task, as `vm.context(pid)` has it: task storage, map entries, arena memory, its dispatch queue. */
  readonly $bpf: TaskContext
}

/** A session whose names and values are typed by the target's own BTF. */
export interface TypedSession<Guest extends GuestTypes> extends Omit<Session, Replaced> {
  /** One BPF map by name. */
  map<Name extends keyof Guest['maps']>(
    name: Name,
  ): TypedMap<Guest['maps'][Name] extends AnyMap ? Guest['maps'][Name] : AnyMap>
  /** One BPF map by id. */
  // biome-ignore lint/suspicious/noExplicitAny: ids are not typed
  map(id: number): TypedMap<MapTypes<any, any, any>>
  // biome-ignore lint/suspicious/noExplicitAny: text that is known only when running
  map<Name extends string>(name: NameOf<keyof Guest['maps'], Name>): TypedMap<MapTypes<any, any, any>>
  /** One BPF program by name or id. */
  prog(name: Guest['programs'] | number): Program
  prog<Name extends string>(name: NameOf<Guest['programs'], Name>): Program
  /** One BPF arena by name or id. */
  arena(name: Guest['arenas'] | number): ReturnType<Session['arena']>
  arena<Name extends string>(name: NameOf<Guest['arenas'], Name>): ReturnType<Session['arena']>
  /** One allocator by the name of its variable. */
  allocator(name: Guest['allocators']): ReturnType<Session['allocator']>
  allocator<Name extends string>(name: NameOf<Guest['allocators'], Name>): ReturnType<Session['allocator']>
  /** One container by its name. */
  container(name: Guest['containers']): ReturnType<Session['container']>
  container<Name extends string>(name: NameOf<Guest['containers'], Name>): ReturnType<Session['container']>
  /** The task_struct with this pid. */
  task(pid: number): Task<Guest['types']>
  /** A global variable of the kernel. */
  variable<Name extends keyof Guest['variables']>(name: Name): Guest['variables'][Name]
  /** A per-CPU variable, for one CPU. */
  variable<Name extends keyof Guest['perCpu']>(name: Name, cpu: number): Guest['perCpu'][Name]
  /** A per-CPU variable, for every CPU. */
  variable<Name extends keyof Guest['perCpu']>(name: Name): Guest['perCpu'][Name][]
  variable<Name extends string>(
    name: NameOf<keyof Guest['variables'] | keyof Guest['perCpu'], Name>,
    cpu?: number,
    // biome-ignore lint/suspicious/noExplicitAny: text that is known only when running
  ): any
  /** What lies at an address or symbol, as a type: `vm.at(address, 'struct rq')`. */
  at<Name extends keyof Guest['types']>(address: bigint | string, type: Name): Guest['types'][Name]
  at<Name extends string>(address: bigint | string, type: Name): TypeNamed<Guest['types'], Name>
  // biome-ignore lint/suspicious/noExplicitAny: a type that is known only when running
  at(address: bigint | string, type: CType): any
  /** The structs on a list_head, linked by their member. */
  list<Name extends string>(
    head: TypedStart,
    type: Name,
    member: string,
  ): Walk<TypeNamed<Guest['types'], Name>>
  hlist<Name extends string>(
    head: TypedStart,
    type: Name,
    member: string,
  ): Walk<TypeNamed<Guest['types'], Name>>
  rbtree<Name extends string>(
    root: TypedStart,
    type: Name,
    member: string,
  ): Walk<TypeNamed<Guest['types'], Name>>
  rhashtable<Name extends string>(
    table: TypedStart,
    type: Name,
    member: string,
  ): Walk<TypeNamed<Guest['types'], Name>>
  /** What an xarray or idr points at, by index. */
  xarray<Name extends string>(
    array: TypedStart,
    type: Name,
  ): Walk<IndexedEntry<TypeNamed<Guest['types'], Name>>>
  /** What a maple tree points at, by range. */
  maple<Name extends string>(tree: TypedStart, type: Name): Walk<RangeEntry<TypeNamed<Guest['types'], Name>>>
  /** Runs until a symbol or address is reached, or memory is written. */
  runUntil(
    condition: TypedCondition | { readonly any: readonly TypedCondition[] },
    options?: WaitOptions,
  ): Promise<Stop>
  /** Writes to the memory of a frozen guest. */
  write(where: string | bigint | Located | MapPlace, value: unknown, type?: string | CType): Write
}
