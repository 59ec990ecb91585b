import { strip } from '../btf/layout.js'
import { typeName } from '../btf/type-name.js'
import type { CType } from '../btf/types.js'
import { type Details, detailsJson } from '../contract/details.js'
import { type MapJson, mapJson } from '../contract/maps.js'
import { withJson } from '../contract/shape.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Problems } from '../problems.js'
import { withArticle } from '../text.js'
import type { ValueContext } from '../value/context.js'
import { encode } from '../value/encode.js'
import { kernelContext } from '../value/kernel-context.js'
import type { Value } from '../value/types.js'
import { type MapInfo, readMap } from './map-info.js'
import { EntryMaker, type EntryValue, isVoid, type MapEntry } from './maps/entry.js'
import { EntryJson } from './maps/entry-json.js'
import type { EntryBatch, EntryReader, MapKeys, MapReader, RawEntry } from './maps/reader.js'
import { readerFor } from './maps/readers.js'
import { unknownReason, unknownState } from './maps/unknown.js'

export type { CpuValue, EntryKey, EntryValue, MapEntry } from './maps/entry.js'

/**
 * A BPF map: what it is, and what it holds as typed values, as JSON text, by key. What falls short goes to the sink that
 * a call names, else to that which the map was made with.
 */
export class BpfMap {
  readonly info: MapInfo
  readonly #kernel: Kernel
  readonly #problems: Problems
  readonly #contextOf: (problems: Problems) => ValueContext
  readonly #reader: MapReader | undefined
  #made: EntryMaker | undefined

  /**
   * `contextOf` says how pointers in values are followed, and to the sink why that may be less than there is; it is asked when entries are.
   */
  constructor(
    kernel: Kernel,
    info: MapInfo,
    problems: Problems,
    contextOf = (_: Problems): ValueContext => kernelContext(kernel),
  ) {
    this.#kernel = kernel
    this.#problems = problems
    this.info = info
    this.#contextOf = contextOf
    this.#reader = readerFor(info.type)
  }

  #maker(problems: Problems): EntryMaker {
    const context = this.#contextOf(problems)
    this.#made ??= new EntryMaker(this.#kernel, context, this.info, this.perCpu)
    return this.#made
  }

  /** How pointers in its values are followed. */
  get context(): ValueContext {
    return this.#contextOf(this.#problems)
  }

  /** CPUs that values of per-CPU maps belong to, in their order. */
  get cpus(): readonly number[] {
    return this.#kernel.cpus.possible
  }

  get id(): number {
    return this.info.id
  }

  get name(): string {
    return this.info.name
  }

  get type(): string {
    return this.info.type
  }

  get address(): bigint {
    return this.info.address
  }

  /** Why entries cannot be shown, undefined when they can: the type is newer than this program. */
  get unsupported(): string | undefined {
    return this.#reader === undefined ? unknownReason(this.info) : undefined
  }

  /** What keys are, where programs do not choose them. */
  get keys(): MapKeys | undefined {
    return this.#reader?.keys
  }

  get perCpu(): boolean {
    return this.#reader?.perCpu ?? false
  }

  /**
   * What there is to say of the map beyond its entries: positions of a ring buffer, parameters of a filter, programs
   * behind operations. docs/maps.md says what, by type; empty where there is nothing.
   */
  state(problems = this.#problems): Details {
    const reader = this.#reader
    const state =
      reader === undefined
        ? unknownState(this.#kernel, this.info, problems)
        : (problems.attempt('state', () => reader.state?.(this.#kernel, this.info, problems)) ?? {})
    return withJson(state, detailsJson)
  }

  /** Whether entries come in batches. */
  get isPacked(): boolean {
    return this.#reader !== undefined && 'batches' in this.#reader
  }

  /** Entries as typed values, in the kernel's own order. */
  *entries(problems = this.#problems): Generator<MapEntry> {
    const reader = this.#known()
    const maker = this.#maker(problems)
    if ('batches' in reader) {
      for (const batch of reader.batches(this.#kernel, this.info, problems)) {
        for (let i = 0; i < batch.count; i++) yield maker.fromBatch(batch, i)
      }
    } else {
      for (const raw of this.#raw(reader, problems)) yield maker.fromRaw(raw)
    }
  }

  /** Raw entries in batches: the fastest way through a large array, hash, queue or stack. */
  batches(problems = this.#problems): Generator<EntryBatch> {
    const reader = this.#known()
    if ('batches' in reader) return reader.batches(this.#kernel, this.info, problems)
    throw new CryoscopeError(
      'usage',
      `entries of ${withArticle(this.info.type)} map do not come in batches: use entries()`,
    )
  }

  /**
   * The value at a key, typed and lazy: `vm.map('pid_stats').get(42).runs`. A key is bytes, or what the key type can be
   * made from (a number, text, an object); the storage of a task, inode, socket or cgroup goes by pid, inode number,
   * cookie or id; a queue or stack has no keys and gives what would be popped next. Per-CPU maps give one value per CPU,
   * maps without types bytes; undefined when the map has no such key.
   */
  get(key?: unknown): Value | Uint8Array | readonly (Value | Uint8Array)[] | undefined {
    const entry = this.entry(key)
    if (entry === undefined) return undefined
    const plain = (value: EntryValue): Value | Uint8Array => value.value ?? value.bytes
    if (entry.cpus !== undefined) return entry.cpus.map(plain)
    return entry.value === undefined ? undefined : plain(entry.value)
  }

  /** The variables of a global section (.bss, .data, .rodata), by name. Undefined for other maps. */
  get variables(): Value | undefined {
    const type = this.info.valueType
    return type !== undefined && strip(type).kind === 'section' ? this.entry(0)?.value?.value : undefined
  }

  /** The entry with this key, undefined when the map does not hold it. A trie gives its longest prefix of the key. */
  entry(key?: unknown, problems = this.#problems): MapEntry | undefined {
    const reader = this.#known()
    const bytes = this.keyBytes(key)
    if ('batches' in reader) {
      const batch = reader.get(this.#kernel, this.info, bytes, problems)
      return batch === undefined ? undefined : this.#maker(problems).fromBatch(batch, 0)
    }
    const raw = this.#find(reader, bytes, problems)
    return raw === undefined ? undefined : this.#maker(problems).fromRaw(raw)
  }

  /** Where the value at a key lies, to be written; per-CPU maps need the CPU. Throws 'not-found' and 'usage'. */
  valuePlace(key: unknown, cpu?: number): { readonly address: bigint; readonly type: CType } {
    const { name, valueType } = this.info
    const entry = this.entry(key)
    if (entry === undefined) throw new CryoscopeError('not-found', `map ${name} has no such key`)
    if (entry.cpus !== undefined && cpu === undefined) {
      throw new CryoscopeError('usage', `map ${name} is per CPU; say which: { map, key, cpu: 0 }`)
    }
    const value = entry.cpus === undefined ? entry.value : entry.cpus.find((one) => one.cpu === cpu)
    // Address 0: the kernel makes the value up when it is asked.
    if (value === undefined || valueType === undefined || value.address === 0n) {
      throw new CryoscopeError(
        'usage',
        `values of map ${name} cannot be written: they have no type or no place`,
      )
    }
    return { address: value.address, type: valueType }
  }

  /** The map in a slot of an array_of_maps or hash_of_maps: `vm.map('outer').inner(0).get(1)`. */
  inner(key: unknown): BpfMap | undefined {
    const target = this.entry(key)?.value?.target
    if (target?.kind !== 'map') return undefined
    return new BpfMap(this.#kernel, readMap(this.#kernel, target.address), this.#problems, this.#contextOf)
  }

  /**
   * Whether the map may hold a value (bloom filters: false is certain, true may be mistaken), or holds a key (all others).
   */
  has(valueOrKey: unknown, problems = this.#problems): boolean {
    const reader = this.#known()
    if (!isFilter(reader)) return this.entry(valueOrKey, problems) !== undefined
    const { valueType, valueSize, name } = this.info
    const bytes = bytesOf(valueOrKey, valueType, valueSize, `values of map ${name}`)
    return reader.has(this.#kernel, this.info, bytes, problems)
  }

  /** The contract's description of a map. */
  toJSON(): MapJson {
    return mapJson(this.info, nameOf(this.info.keyType), nameOf(this.info.valueType))
  }

  /** An entry whose key and places a batch told, after the batch has been overwritten: values are read anew. */
  entryAt(key: Uint8Array, addresses: readonly bigint[]): MapEntry {
    const { valueSize } = this.info
    const values = addresses.map((address) => ({
      bytes: this.#kernel.space.read(address, valueSize).bytes.slice(),
      address,
    }))
    return this.#maker(this.#problems).fromRaw({ key, values })
  }

  keyBytes(key: unknown): Uint8Array {
    const { keySize, keyType, name } = this.info
    if (keySize === 0 && (key === undefined || key === null)) return new Uint8Array()
    // Keys of local storage are file descriptors of owners; the address of an owner does as well.
    const isOwner = this.keys === 'owners'
    if (isOwner && key instanceof Uint8Array && key.length === 8) return key
    if (isOwner && typeof key === 'bigint') return bytesOf(key, undefined, 8, '')
    return bytesOf(key, keyType, keySize, `keys of map ${name}`)
  }

  /**
   * Entries as JSON text, one document each, in the shape that the contract fixes. `limit` is the number of entries
   * after which it stops.
   */
  *json(limit = Number.POSITIVE_INFINITY, problems = this.#problems): Generator<string> {
    let left = limit
    const reader = this.#known()
    const writer = this.#writer(problems)
    if ('batches' in reader) {
      for (const batch of reader.batches(this.#kernel, this.info, problems)) {
        for (const text of writer.batch(batch)) {
          if (left-- <= 0) return
          yield text
        }
      }
    } else {
      for (const raw of this.#raw(reader, problems)) {
        if (left-- <= 0) return
        yield writer.raw(raw)
      }
    }
  }

  /** One entry as JSON text. */
  entryJson(key?: unknown, problems = this.#problems): string | undefined {
    const reader = this.#known()
    const bytes = this.keyBytes(key)
    if ('batches' in reader) {
      const batch = reader.get(this.#kernel, this.info, bytes, problems)
      return batch === undefined ? undefined : (this.#writer(problems).batch(batch).next().value ?? undefined)
    }
    const raw = this.#find(reader, bytes, problems)
    return raw === undefined ? undefined : this.#writer(problems).raw(raw)
  }

  /** A walk whose structures cannot be read ends there, with the reason. */
  *#raw(reader: EntryReader, problems: Problems): Generator<RawEntry> {
    try {
      checkSizes(this.info)
      yield* reader.entries(this.#kernel, this.info, problems)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      problems.add('map', error.message)
    }
  }

  #find(reader: EntryReader, key: Uint8Array, problems: Problems): RawEntry | undefined {
    checkSizes(this.info)
    return reader.find(this.#kernel, this.info, key, problems)
  }

  #writer(problems: Problems): EntryJson {
    const maker = this.#maker(problems)
    return new EntryJson(this.#kernel, this.#contextOf(problems), this.info, maker, this.perCpu)
  }

  #known(): MapReader {
    if (this.#reader === undefined) throw new CryoscopeError('unreadable', this.unsupported ?? '')
    return this.#reader
  }
}

/** KMALLOC_MAX_SIZE: outside arrays and hashes the kernel makes no larger keys and values. */
const sizeLimit = 4 * 2 ** 20

function checkSizes({ keySize, valueSize, name }: MapInfo): void {
  if (keySize <= sizeLimit && valueSize <= sizeLimit) return
  const sizes = `keys of ${keySize} and values of ${valueSize} bytes`
  throw new CryoscopeError('unreadable', `map ${name} claims ${sizes}, which cannot be`)
}

function isFilter(reader: MapReader): reader is EntryReader & Required<Pick<EntryReader, 'has'>> {
  return 'has' in reader && reader.has !== undefined
}

/** Bytes as they are, or made of what a type can be made from; without a type, a number. */
function bytesOf(value: unknown, type: CType | undefined, size: number, what: string): Uint8Array {
  if (value instanceof Uint8Array) {
    if (value.length === size) return value
    throw new CryoscopeError('usage', `${what} have ${size} bytes, ${value.length} were given`)
  }
  if (!isVoid(type)) return encode(type as CType, value)
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  if (isNumber && value >= 0 && size <= 8 && BigInt(value) < 1n << BigInt(size * 8)) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
    return new Uint8Array(bytes.subarray(0, size))
  }
  throw new CryoscopeError('usage', `${what} have no type; give them as ${size} bytes of hex`)
}

/** Null when there is none, so that scripts find the field always. */
function nameOf(type: CType | undefined): string | null {
  return isVoid(type) ? null : typeName(type as CType)
}
