import { asPage } from '../../brands.js'
import type { Kernel } from '../../kernel/kernel.js'
import { pageOf } from '../../memory/address-space.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { fitsMemory } from './array.js'
import { BatchWriter } from './batch.js'
import type { EntryBatch, PackedReader } from './reader.js'

/** Oldest first: what pop gives next comes first. */
export const queueReader: PackedReader = queueFamily('queue')
/** Newest first: what pop gives next comes first. */
export const stackReader: PackedReader = queueFamily('stack')

/**
 * struct bpf_queue_stack (kernel/bpf/queue_stack_maps.c): a ring of max_entries + 1 elements, filled from `tail` up to
 * `head`. Looking does not pop.
 */
function queueFamily(type: 'queue' | 'stack'): PackedReader {
  return {
    types: [type],
    perCpu: false,

    state(kernel, map, problems) {
      const ring = readRing(kernel, map, problems)
      if (ring === undefined) return {}
      return { length: ring.length, head: ring.head, tail: ring.tail, size: ring.size }
    },

    *batches(kernel, map, problems) {
      yield* read(kernel, map, type, Number.POSITIVE_INFINITY, problems)
    },

    /** What peek gives; such a map has no keys. */
    get(kernel, map, key, problems) {
      if (key.length !== 0) return undefined
      return read(kernel, map, type, 1, problems).next().value ?? undefined
    },
  }
}

interface Ring {
  readonly head: number
  readonly tail: number
  readonly size: number
  readonly length: number
}

function readRing(kernel: Kernel, map: MapInfo, problems: Problems): Ring | undefined {
  const queue = kernel.struct('bpf_queue_stack', map.address)
  const head = queue.number('head')
  const tail = queue.number('tail')
  const size = queue.number('size')
  if (head >= size || tail >= size || size !== map.maxEntries + 1) {
    problems.add('map', `its head ${head} and tail ${tail} do not fit a ring of ${size} elements`)
    return undefined
  }
  return { head, tail, size, length: (head - tail + size) % size }
}

function* read(
  kernel: Kernel,
  map: MapInfo,
  type: 'queue' | 'stack',
  limit: number,
  problems: Problems,
): Generator<EntryBatch> {
  const ring = readRing(kernel, map, problems)
  if (ring === undefined || !fitsMemory(kernel, map.valueSize, map, problems)) return
  const count = Math.min(ring.length, limit)
  const start = kernel.struct('bpf_queue_stack', map.address).at('elements')
  const page = pageOf(start)
  const offset = Number(start & 0xfffn)
  const batch = new BatchWriter(kernel.space, 0, map.valueSize, 1, count)
  for (let i = 0; i < count; i++) {
    const index = (type === 'queue' ? ring.tail + i : ring.head - 1 - i + ring.size) % ring.size
    const at = offset + index * map.valueSize
    const atPage = asPage(page + Math.floor(at / 4096))
    if (batch.value(atPage, at % 4096, 0) < 0) {
      problems.add(`element ${i}`, batch.failure)
      continue
    }
    batch.commit()
    if (batch.full) {
      yield batch
      batch.reset()
    }
  }
  if (batch.count > 0) yield batch
}
