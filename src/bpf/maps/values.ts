import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import type { MapReader } from './reader.js'

/** Called with each value of a map, valid for the time of the call: bytes of `values` from `from` on, and the bytes of its key. */
export type UseValue = (values: Uint8Array, from: number, length: number, key: () => Uint8Array) => void

/** Every value of a map, of per-CPU maps those of each CPU, as programs have them. */
export function eachValue(
  kernel: Kernel,
  map: MapInfo,
  reader: MapReader,
  problems: Problems,
  use: UseValue,
): void {
  if (!('batches' in reader)) {
    for (const entry of reader.entries(kernel, map, problems)) {
      for (const { bytes, decoded = bytes } of entry.values) use(decoded, 0, decoded.length, () => entry.key)
    }
    return
  }
  for (const batch of reader.batches(kernel, map, problems)) {
    const { keySize, keys, values, valueSize, valueStride } = batch
    const copies = valueSize === 0 ? 0 : valueStride / valueSize
    for (let i = 0; i < batch.count; i++) {
      const key = (): Uint8Array => keys.subarray(i * keySize, (i + 1) * keySize)
      for (let copy = 0; copy < copies; copy++)
        use(values, i * valueStride + copy * valueSize, valueSize, key)
    }
  }
}
