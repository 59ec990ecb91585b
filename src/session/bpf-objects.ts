import type { Allocator } from '../bpf/allocators/allocator.js'
import { allocatorNamed } from '../bpf/allocators/named.js'
import type { Arena } from '../bpf/arena/arena.js'
import { arenaOfMap, listArenas } from '../bpf/arena/arenas.js'
import type { KnownTypes } from '../bpf/arena/context.js'
import { btfIdentity } from '../bpf/cast/object/identity.js'
import type { Container } from '../bpf/containers/container.js'
import { containerNamed } from '../bpf/containers/named.js'
import { BpfMap } from '../bpf/map.js'
import { listMaps, type MapInfo } from '../bpf/map-info.js'
import { type BpfProgram, listPrograms } from '../bpf/program.js'
import { type BpfLink, listLinks } from '../bpf/programs/links.js'
import { Program } from '../bpf/programs/program-object.js'
import { recoveringContext } from '../bpf/recovery/context.js'
import { ObjectFile } from '../bpf/recovery/object-file.js'
import type { ObjectFit } from '../bpf/recovery/object-fit.js'
import { Recovery } from '../bpf/recovery/recovery.js'
import { strip } from '../btf/layout.js'
import { linkJson } from '../contract/links.js'
import { progJson } from '../contract/programs.js'
import { eachWithJson } from '../contract/shape.js'
import '../frame/attach.js'
import { type Listed, listed } from '../frame/list.js'
import { Problems } from '../problems.js'
import type { ValueContext } from '../value/context.js'
import { named } from './lookup.js'
import { Steering } from './steering.js'

const pointerSize = 8

/** The part of a session that knows what BPF keeps: maps, programs, links, arenas, allocators, containers, recovered pointers. */
export abstract class BpfObjects extends Steering {
  #context: ValueContext | undefined
  #maps: Listed<BpfMap> | undefined
  #mapsListing: Problems | undefined
  #arenas: Listed<Arena> | undefined
  #recovery: Recovery | undefined
  readonly #objects: ObjectFile[] = []
  #onlyProven = false
  #unread = new Problems()
  #arenasListing = this.#unread.part()

  /** Takes what cannot be read of this target, of one moment. */
  protected get unread(): Problems {
    return this.#unread
  }

  /** Lets go of what was read of another moment; of programs too, where the guest has run since. */
  protected dropObjects(hasRun: boolean): void {
    // Programs are analysed once while the guest runs on, not for each value that is read.
    if (hasRun) this.#recovery = undefined
    this.#maps = undefined
    this.#mapsListing = undefined
    this.#arenas = undefined
    this.#unread = new Problems()
    this.#arenasListing = this.#unread.part()
  }

  /** Every BPF map, by id. */
  get maps(): Listed<BpfMap> {
    const { kernel } = this
    this.#mapsListing ??= this.unread.part()
    this.#maps ??= listed(
      listMaps(kernel, this.#mapsListing).map(
        (info) => new BpfMap(kernel, info, this.unread, (problems) => this.#contextOfMap(info, problems)),
      ),
    )
    return this.#maps
  }

  /** Values of a map whose programs use an arena may point into it. That which one is not known is said to `problems`. */
  #contextOfMap(info: MapInfo, problems: Problems): ValueContext {
    const { arenas } = this
    const arena = arenaOfMap(arenas, info)
    const [unlisted] = this.#unlisted
    // With one arena, what is known of it can only become more.
    const isDoubtful = unlisted !== undefined && (arena === undefined || arenas.length > 1)
    if (isDoubtful && info.valueType !== undefined && info.valueSize >= pointerSize)
      problems.add(
        `map ${info.id}`,
        `which arena its pointers lead into is not known for certain: ${unlisted}`,
      )
    const context = arena?.context ?? this.valueContext
    if (info.valueType === undefined || strip(info.valueType).kind !== 'section') return context
    return {
      ...context,
      assign: (place, value) => void this.writePlace({ ...place, name: `${info.name}.${place.name}` }, value),
    }
  }

  /** Which integers hold pointers, by the loaded programs and the object files that were added. */
  get recovery(): Recovery {
    const { kernel } = this
    const options = { onlyProven: this.#onlyProven }
    this.#recovery ??= new Recovery(kernel, this.#objects, () => this.arenas, this.unread, options)
    return this.#recovery
  }

  /** Whether integers are shown as pointers only where that is proven, not where it is supported and has been checked. */
  get onlyProven(): boolean {
    return this.#onlyProven
  }

  set onlyProven(value: boolean) {
    if (value !== this.#onlyProven) this.#recovery = undefined
    this.#onlyProven = value
  }

  /** What is known when somebody asks: objects may be added, and the guest may run. */
  readonly #knownTypes: KnownTypes = {
    pointerAt: (type, offset, arena) => this.recovery.pointerAt(type, offset, arena),
    complete: (type) => this.recovery.complete(type),
    keptOf: (struct, address) => this.keptOf(struct, address),
  }

  /** What BPF keeps of the kernel's struct of that name at an address; undefined for structs of which it keeps nothing. */
  protected abstract keptOf(struct: string, address: bigint): unknown

  /**
   * Adds the file that programs were loaded from, an executable or an object, to recover pointers from. True when it has
   * the types of loaded programs. Throws 'not-found' and 'unreadable'.
   */
  addObject(path: string): boolean {
    const file = new ObjectFile(path)
    this.#objects.push(file)
    this.#recovery = undefined
    return this.recovery.loaded().some(({ types }) => file.objects.has(btfIdentity(types)))
  }

  /** Of a file that was added and has no object that is loaded: which of its objects comes closest to what is, by types. */
  closestObject(path: string): ObjectFit | undefined {
    const file = this.#objects.findLast((one) => one.path === path)
    return file && this.recovery.closest(file)
  }

  /** One BPF map by name or id. */
  map(nameOrId: string | number): BpfMap {
    return named(this.maps, 'map', nameOrId)
  }

  /** Every BPF program, by id. Counters are those of this moment. */
  get progs(): Listed<BpfProgram> {
    const { kernel } = this
    return listed(eachWithJson(listPrograms(kernel, this.unread), progJson))
  }

  /** One BPF program by name or id, with what can be read of it: instructions, machine code, links. */
  prog(nameOrId: string | number): Program {
    return new Program(this.kernel, named(this.progs, 'program', nameOrId))
  }

  /** Every BPF link, by id: what keeps programs attached, and to what. */
  get links(): Listed<BpfLink> {
    const { kernel } = this
    return listed(eachWithJson(listLinks(kernel, this.unread), linkJson))
  }

  /** Every BPF arena, by id. */
  get arenas(): Listed<Arena> {
    const { kernel, maps } = this
    const infos = maps.map(({ info }) => info)
    const listing = this.#mapsListing ?? this.unread
    this.#arenas ??= listed(listArenas(kernel, infos, listing, this.#arenasListing, this.#knownTypes))
    return this.#arenas
  }

  /** One BPF arena by name or id. */
  arena(nameOrId: string | number): Arena {
    return named(this.arenas, 'arena', nameOrId)
  }

  /** Every allocator that hands out memory of an arena. */
  get allocators(): Listed<Allocator> {
    return listed(this.arenas.flatMap(({ allocators }) => allocators))
  }

  /** One allocator by the name of its variable, `ARENA/NAME` where arenas have allocators of the same name. */
  allocator(name: string): Allocator {
    return allocatorNamed(this.allocators, name, this.#unlisted)
  }

  /** Every data structure of the sched_ext library that programs keep in an arena. */
  get containers(): readonly Container[] {
    return this.arenas.flatMap(({ containers }) => containers)
  }

  /** One of them by its name, `ARENA/NAME` where arenas have containers of the same name. */
  container(name: string): Container {
    return containerNamed(this.containers, name, this.#unlisted)
  }

  /** Maps, arenas and programs that could not be read, after arenas were asked for. */
  get #unlisted(): readonly string[] {
    return [...(this.#mapsListing?.sentences ?? []), ...this.#arenasListing.sentences]
  }

  override get valueContext(): ValueContext {
    const { kernel } = this
    this.#context ??= recoveringContext(kernel, this.#knownTypes)
    return this.#context
  }
}
