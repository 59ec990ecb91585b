import type { Kernel } from '../../kernel/kernel.js'
import { memorySize } from '../../kernel/walk/word.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { BatchWriter } from './batch.js'
import { elementCount } from './element-count.js'
import { HashWalk, type Table } from './hash-walk.js'
import { jhash } from './jhash.js'
import type { PackedReader } from './reader.js'

export const hashReader: PackedReader = hashFamily(['hash', 'lru_hash'], false)
export const perCpuHashReader: PackedReader = hashFamily(['percpu_hash', 'lru_percpu_hash'], true)

function hashFamily(types: readonly string[], perCpu: boolean): PackedReader {
  return {
    types,
    perCpu,

    state(kernel, map) {
      const buckets = kernel.struct('bpf_htab', map.address).number('n_buckets')
      return { elements: elementCount(kernel, map), buckets }
    },

    *batches(kernel, map, problems) {
      const table = readTable(kernel, map, problems)
      if (table === undefined) return
      const writer = writerFor(kernel, map, perCpu, map.maxEntries + kernel.cpus.possible.length)
      yield* new HashWalk(kernel, table, writer, perCpu, problems).buckets(0, table.bucketCount)
    },

    get(kernel, map, key, problems) {
      if (key.length !== map.keySize) return undefined
      const table = readTable(kernel, map, problems)
      if (table === undefined) return undefined
      const bucket = jhash(key, table.seed) & (table.bucketCount - 1)
      const writer = writerFor(kernel, map, perCpu, 1)
      const walk = new HashWalk(kernel, table, writer, perCpu, problems)
      for (const batch of walk.buckets(bucket, bucket + 1)) {
        if (Buffer.from(key).equals(batch.keys)) return batch
      }
      return undefined
    },
  }
}

export function readTable(kernel: Kernel, map: MapInfo, problems: Problems): Table | undefined {
  const htab = kernel.struct('bpf_htab', map.address)
  const element = kernel.layouts.get('htab_elem')
  const bucket = kernel.layouts.get('bucket', 'head')
  const bucketCount = htab.number('n_buckets')
  if (bucketCount === 0 || (bucketCount & (bucketCount - 1)) !== 0 || bucketCount > 2 ** 31) {
    problems.add('map', `it claims ${bucketCount} buckets, which is no power of two`)
    return undefined
  }
  if (bucketCount * bucket.size > memorySize(kernel)) {
    problems.add('map', `it claims ${bucketCount} buckets, more than memory holds`)
    return undefined
  }
  const keyOffset = element.offset('key')
  return {
    buckets: htab.pointer('buckets'),
    bucketCount,
    bucketStride: bucket.size,
    seed: htab.number('hashrnd'),
    hashOffset: element.offset('hash'),
    keyOffset,
    valueOffset: keyOffset + Math.ceil(map.keySize / 8) * 8,
    // Preallocated tables have one spare element per CPU, an update in flight may show old and new. Tables without
    // preallocation may be promised more entries than memory holds.
    elementLimit: Math.min(
      map.maxEntries + 2 * kernel.cpus.possible.length,
      Math.floor(memorySize(kernel) / (element.size + map.keySize)),
    ),
  }
}

function writerFor(kernel: Kernel, map: MapInfo, perCpu: boolean, maximum: number): BatchWriter {
  const copies = perCpu ? kernel.cpus.possible.length : 1
  return new BatchWriter(kernel.space, map.keySize, map.valueSize, copies, maximum)
}
