import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Word } from '../../kernel/walk/word.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { fitsMemory } from './array.js'
import type { EntryReader, RawEntry, RawValue } from './reader.js'
import { tableWords } from './words.js'

/** Maps that are a table of pointers, one slot for each index. Empty slots are no entries. */
export interface SlotFamily {
  readonly types: readonly string[]
  /** Where slot 0 is. */
  table(kernel: Kernel, map: MapInfo): bigint
  /** What a slot holds; throws when its object cannot be read. */
  value(kernel: Kernel, map: MapInfo, slot: Word, problems: Problems): RawValue
  readonly state?: EntryReader['state']
}

export function slotReader(family: SlotFamily): EntryReader {
  const { types, table, value, state } = family
  return {
    types,
    perCpu: false,
    ...(state === undefined ? {} : { state }),

    *entries(kernel, map, problems) {
      if (!fitsMemory(kernel, 8, map, problems)) return
      for (const slot of tableWords(kernel, table(kernel, map), map.maxEntries, 'slot', problems)) {
        yield entry(kernel, map, slot, problems, value)
      }
    },

    find(kernel, map, key, problems) {
      const index = indexOf(key)
      if (index === undefined || index >= map.maxEntries) return undefined
      const address = table(kernel, map) + BigInt(index * 8)
      const pointer = kernel.space.u64(address)
      if (pointer === 0n) return undefined
      return entry(kernel, map, { index, value: pointer, address }, problems, value)
    },
  }
}

function entry(
  kernel: Kernel,
  map: MapInfo,
  slot: Word,
  problems: Problems,
  value: SlotFamily['value'],
): RawEntry {
  const key = indexKey(slot.index)
  try {
    return { key, values: [value(kernel, map, slot, problems)] }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    problems.add(`slot ${slot.index}`, error.message)
    // The slot is taken, whatever lies behind it.
    return {
      key,
      values: [slotValue(slot, { kind: 'unknown', address: slot.value, problem: error.message })],
    }
  }
}

/** For maps whose values user space cannot look up: the slot itself. */
export function slotValue(slot: Word, target: NonNullable<RawValue['target']>): RawValue {
  return { bytes: wordBytes(slot.value), address: slot.address, target }
}

/** For maps whose lookup answers with a number that stands for what the slot holds. */
export function numberValue(number: number, size: number, target: NonNullable<RawValue['target']>): RawValue {
  return { bytes: wordBytes(BigInt(number)).slice(0, size), address: 0n, target }
}

export function wordBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true)
  return bytes
}

/** Keys of tables are u32. */
export function indexKey(index: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, index, true)
  return bytes
}

export function indexOf(key: Uint8Array): number | undefined {
  if (key.length !== 4) return undefined
  return new DataView(key.buffer, key.byteOffset, 4).getUint32(0, true)
}
