import type { Details } from '../../contract/details.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import type { NamedObject } from './objects/named-object.js'

/** How the kernel stores what a map holds; one per family, registered in `readers.ts`. */
export type MapReader = PackedReader | EntryReader

export type MapKeys = 'places' | 'owners'

interface Family {
  /** Map types as `MapInfo.type` names them. */
  readonly types: readonly string[]
  /**
   * Values per entry: one, or one per possible CPU in the order of `kernel.cpus.possible`.
   */
  readonly perCpu: boolean
  /**
   * What keys are, where programs do not choose them: places in an array, or the objects that values belong to, of which a key
   * is the address.
   */
  readonly keys?: MapKeys
  /** What there is to say of the map beyond its entries: positions, parameters, counts. */
  state?(kernel: Kernel, map: MapInfo, problems: Problems): Details
}

/** Families whose entries are key and value and nothing else, a million of them at memory speed. */
export interface PackedReader extends Family {
  /** Every entry, in batches, in the kernel's own order. Never capped; corruption ends the walk with a problem. */
  batches(kernel: Kernel, map: MapInfo, problems: Problems): Generator<EntryBatch>
  /** One entry by key, without walking where the kernel would not. */
  get(kernel: Kernel, map: MapInfo, key: Uint8Array, problems: Problems): EntryBatch | undefined
}

/** Families whose entries mean more than their bytes: slots that point at something, storage that has an owner. */
export interface EntryReader extends Family {
  /** Every entry, in the kernel's own order. Never capped; corruption ends the walk with a problem. */
  entries(kernel: Kernel, map: MapInfo, problems: Problems): Generator<RawEntry>
  /** The entry that a lookup of this key finds. */
  find(kernel: Kernel, map: MapInfo, key: Uint8Array, problems: Problems): RawEntry | undefined
  /** Whether a filter may hold the value; for families that answer only this. */
  has?(kernel: Kernel, map: MapInfo, value: Uint8Array, problems: Problems): boolean
}

/** One entry as it was found. */
export interface RawEntry {
  readonly key: Uint8Array
  /** Local storage: what the value belongs to. `key` is then its address. */
  readonly owner?: NamedObject
  /** One, or one per possible CPU. */
  readonly values: readonly RawValue[]
  readonly notes?: Details
}

export interface RawValue {
  /** What bpf(BPF_MAP_LOOKUP_ELEM) hands out; where it hands out nothing, what the slot holds. */
  readonly bytes: Uint8Array
  /** Where the bytes lie; 0n when the kernel makes them up for a lookup. */
  readonly address: bigint
  /** To be decoded in place of `bytes`, which are user space's view of them. */
  readonly decoded?: Uint8Array
  /** What the slot points at. */
  readonly target?: NamedObject
}

/**
 * Entries copied out of memory, packed. A batch is valid until the next one is asked for: the buffers are used again.
 * Key i is at i * keySize. Value i is at i * valueStride, for per-CPU maps CPU n's at i * valueStride + n * valueSize.
 */
export interface EntryBatch {
  readonly count: number
  readonly keySize: number
  readonly valueSize: number
  readonly valueStride: number
  readonly keys: Uint8Array
  readonly values: Uint8Array
  /** Where each value lies in kernel memory: page number and offset; per-CPU maps have one pair per CPU. */
  readonly pages: Float64Array
  readonly offsets: Uint16Array
}
