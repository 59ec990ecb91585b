import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { BatchWriter } from './batch.js'
import { elementCount } from './element-count.js'
import { readTable } from './hash.js'
import { HashWalk } from './hash-walk.js'
import { jhash } from './jhash.js'
import { nameMap } from './objects/map.js'
import type { EntryBatch, EntryReader, RawEntry } from './reader.js'
import { numberValue } from './slots.js'

const pointerSize = 8

/** A hash map whose values are pointers to maps (kernel/bpf/hashtab.c, htab_of_maps); a lookup gives the inner map's id. */
export const hashOfMapsReader: EntryReader = {
  types: ['hash_of_maps'],
  perCpu: false,

  state: (kernel, map) => ({ elements: elementCount(kernel, map) }),

  *entries(kernel, map, problems) {
    const table = readTable(kernel, map, problems)
    if (table === undefined) return
    const walk = new HashWalk(kernel, table, writer(kernel, map, map.maxEntries), false, problems)
    for (const batch of walk.buckets(0, table.bucketCount)) {
      for (let i = 0; i < batch.count; i++) yield entry(kernel, map, batch, i, problems)
    }
  },

  find(kernel, map, key, problems) {
    const table = readTable(kernel, map, problems)
    if (table === undefined || key.length !== map.keySize) return undefined
    const bucket = jhash(key, table.seed) & (table.bucketCount - 1)
    const walk = new HashWalk(kernel, table, writer(kernel, map, 1), false, problems)
    for (const batch of walk.buckets(bucket, bucket + 1)) {
      if (Buffer.from(key).equals(batch.keys)) return entry(kernel, map, batch, 0, problems)
    }
    return undefined
  },
}

function writer(kernel: Kernel, map: MapInfo, maximum: number): BatchWriter {
  return new BatchWriter(kernel.space, map.keySize, pointerSize, 1, maximum)
}

function entry(kernel: Kernel, map: MapInfo, batch: EntryBatch, index: number, problems: Problems): RawEntry {
  const { keySize, keys, values } = batch
  const key = keys.slice(index * keySize, (index + 1) * keySize)
  const at = index * pointerSize
  const inner = new DataView(values.buffer).getBigUint64(at, true)
  const target = nameMap(kernel, inner)
  if ('id' in target) return { key, values: [numberValue(target.id, map.valueSize, target)] }
  problems.add(`key ${Buffer.from(key).toString('hex')}`, target.problem)
  return { key, values: [{ bytes: values.slice(at, at + pointerSize), address: 0n, target }] }
}
