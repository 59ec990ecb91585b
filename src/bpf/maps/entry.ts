import { strip } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'
import { type Details, detailsJson } from '../../contract/details.js'
import { type EntryJson, entryJson } from '../../contract/map-entries.js'
import { withJson } from '../../contract/shape.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { ValueContext } from '../../value/context.js'
import { compileJson, type RenderJson } from '../../value/render/compile-json.js'
import type { Value } from '../../value/types.js'
import { makeValue, valueOfBytes } from '../../value/value.js'
import type { MapInfo } from '../map-info.js'
import { type SpecialField, specialFields } from '../special-fields.js'
import { type SpecialValue, specialValues } from '../special-values.js'
import type { NamedObject } from './objects/named-object.js'
import type { EntryBatch, RawEntry, RawValue } from './reader.js'

/** One entry of a map. Bytes are copies; `value` reads live memory when touched. */
export interface MapEntry {
  readonly key: EntryKey
  /** Undefined in per-CPU maps. */
  readonly value: EntryValue | undefined
  /** Per-CPU maps: one value per possible CPU. */
  readonly cpus: readonly CpuValue[] | undefined
  /** What this type of map knows of an entry besides: docs/maps.md says what, by type. */
  readonly notes: Details | undefined
}

/** What makers give: entries that know their JSON. */
class Entry implements MapEntry {
  readonly key: EntryKey
  readonly value: EntryValue | undefined
  readonly cpus: readonly CpuValue[] | undefined
  readonly notes: Details | undefined

  constructor({ key, value, cpus, notes }: MapEntry) {
    this.key = key
    this.value = value
    this.cpus = cpus
    this.notes = notes === undefined ? undefined : withJson(notes, detailsJson)
  }

  toJSON(): EntryJson {
    return entryJson(this)
  }
}

export interface EntryKey {
  readonly bytes: Uint8Array
  /** Decoded, when the map has a key type. */
  readonly json: unknown
  /** Local storage: the task, inode, socket or cgroup that the value belongs to; `bytes` are its address. */
  readonly owner: NamedObject | undefined
}

export interface EntryValue {
  readonly bytes: Uint8Array
  /** 0n when the kernel makes the value up for a lookup: the id of a program, say. */
  readonly address: bigint
  /** Typed and lazy; undefined when the map has no value type. */
  readonly value: Value | undefined
  /** The map, program, socket, … that the slot points at. */
  readonly target: NamedObject | undefined
  /** Locks, timers, kptrs, lists and trees in the value. */
  readonly special: readonly SpecialValue[]
}

export interface CpuValue extends EntryValue {
  readonly cpu: number
}

/** Makes entries of one map. */
export class EntryMaker {
  readonly #kernel: Kernel
  readonly #context: ValueContext
  readonly #map: MapInfo
  readonly #perCpu: boolean
  #fields: readonly SpecialField[] | undefined
  #renderKey: RenderJson | undefined

  constructor(kernel: Kernel, context: ValueContext, map: MapInfo, perCpu: boolean) {
    this.#kernel = kernel
    this.#context = context
    this.#map = map
    this.#perCpu = perCpu
  }

  get fields(): readonly SpecialField[] {
    this.#fields ??= specialFields(this.#kernel, this.#map.address)
    return this.#fields
  }

  fromBatch(batch: EntryBatch, index: number): MapEntry {
    const { keySize, valueSize, valueStride } = batch
    const key = batch.keys.slice(index * keySize, (index + 1) * keySize)
    const copies = valueSize === 0 ? 1 : valueStride / valueSize
    const values = Array.from({ length: copies }, (_, copy): RawValue => {
      const at = index * valueStride + copy * valueSize
      const slot = index * copies + copy
      const address = BigInt(batch.pages[slot] as number) * 4096n + BigInt(batch.offsets[slot] as number)
      return { bytes: batch.values.slice(at, at + valueSize), address }
    })
    return this.fromRaw({ key, values })
  }

  fromRaw({ key, owner, values, notes }: RawEntry): MapEntry {
    const entryKey = { bytes: key, json: owner === undefined ? this.#keyJson(key) : undefined, owner }
    const made = values.map((value) => this.#value(value))
    if (!this.#perCpu) return new Entry({ key: entryKey, value: made[0], cpus: undefined, notes })
    const { possible } = this.#kernel.cpus
    const cpus = made.map((value, place) => Object.assign(value, { cpu: possible[place] as number }))
    return new Entry({ key: entryKey, value: undefined, cpus, notes })
  }

  #keyJson(bytes: Uint8Array): unknown {
    const { keyType } = this.#map
    if (isVoid(keyType) || bytes.length === 0) return undefined
    this.#renderKey ??= compileJson(this.#context, keyType as CType)
    return JSON.parse(this.#renderKey(new DataView(bytes.buffer, bytes.byteOffset), bytes, 0))
  }

  #value({ bytes, address, target }: RawValue): EntryValue {
    const maker = this
    const context = this.#context
    const { valueType: type, valueSize } = this.#map
    return {
      bytes,
      address,
      get value() {
        if (type === undefined || bytes.length !== valueSize) return undefined
        return address === 0n ? valueOfBytes(context, type, bytes) : makeValue(context, type, address)
      },
      target,
      get special() {
        return maker.special(address)
      },
    }
  }

  special(address: bigint): readonly SpecialValue[] {
    if (address === 0n || this.fields.length === 0) return []
    return specialValues(this.#kernel, this.#context, this.fields, this.#map.valueType, address)
  }
}

/** Type id 0 is "no type", and so is void. */
export function isVoid(type: CType | undefined): boolean {
  return type === undefined || strip(type).kind === 'void'
}
