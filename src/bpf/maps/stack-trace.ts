import type { Details } from '../../contract/details.js'
import { hexAddress } from '../../contract/json.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import type { EntryReader, RawEntry } from './reader.js'
import { indexKey, indexOf } from './slots.js'
import { tableWords } from './words.js'

/** BPF_F_STACK_BUILD_ID (include/uapi/linux/bpf.h). */
const buildIdFlag = 1 << 5

/**
 * struct bpf_stack_map (kernel/bpf/stackmap.c): `buckets[id]` points at a stack_map_bucket of `nr` frames. A frame is an
 * address, or with BPF_F_STACK_BUILD_ID a struct bpf_stack_build_id. A lookup pads with zeros.
 */
export const stackTraceReader: EntryReader = {
  types: ['stack_trace'],
  perCpu: false,

  state(kernel, map) {
    const stacks = kernel.struct('bpf_stack_map', map.address)
    const frame = frameSize(kernel, map)
    return {
      buckets: stacks.number('n_buckets'),
      buildIds: (map.flags & buildIdFlag) !== 0,
      deepest: Math.floor(map.valueSize / frame),
    }
  },

  *entries(kernel, map, problems) {
    const stacks = kernel.struct('bpf_stack_map', map.address)
    const count = stacks.number('n_buckets')
    for (const { index, value } of tableWords(kernel, stacks.at('buckets'), count, 'bucket', problems)) {
      const entry = problems.attempt(`bucket ${index}`, () => readStack(kernel, map, index, value, problems))
      if (entry !== undefined) yield entry
    }
  },

  find(kernel, map, key, problems) {
    const stacks = kernel.struct('bpf_stack_map', map.address)
    const index = indexOf(key)
    if (index === undefined || index >= stacks.number('n_buckets')) return undefined
    const bucket = kernel.space.u64(stacks.at('buckets') + BigInt(index * 8))
    return bucket === 0n ? undefined : readStack(kernel, map, index, bucket, problems)
  },
}

function frameSize(kernel: Kernel, map: MapInfo): number {
  return (map.flags & buildIdFlag) === 0 ? 8 : kernel.layouts.get('bpf_stack_build_id').size
}

function readStack(
  kernel: Kernel,
  map: MapInfo,
  index: number,
  address: bigint,
  problems: Problems,
): RawEntry {
  const bucket = kernel.struct('stack_map_bucket', address)
  const size = frameSize(kernel, map)
  const claimed = bucket.number('nr')
  const count = Math.min(claimed, Math.floor(map.valueSize / size))
  if (claimed > count) {
    problems.add(`bucket ${index}`, `it claims ${claimed} frames where ${count} fit`)
  }
  const data = bucket.at('data')
  const bytes = new Uint8Array(map.valueSize)
  bytes.set(kernel.space.bytes(data, count * size))
  const frames = Array.from({ length: count }, (_, i) => {
    const at = data + BigInt(i * size)
    return size === 8 ? addressFrame(kernel, kernel.space.u64(at)) : buildIdFrame(kernel, at)
  })
  return {
    key: indexKey(index),
    values: [{ bytes, address: 0n }],
    notes: { address: hexAddress(data), frames },
  }
}

function addressFrame(kernel: Kernel, address: bigint): Details {
  return { address: hexAddress(address), symbol: kernel.symbolize(address) }
}

/** A frame of a file with a build id is an offset into that file; of other memory it is the address. */
function buildIdFrame(kernel: Kernel, at: bigint): Details {
  const frame = kernel.struct('bpf_stack_build_id', at)
  const status = frame.number('status')
  const name = kernel.enumName('bpf_stack_build_id_status', status, 'BPF_STACK_BUILD_ID_')?.toLowerCase()
  if (name === 'valid') {
    const buildId = Buffer.from(frame.bytes('build_id')).toString('hex')
    return { status: name, buildId, offset: frame.unsigned('offset') }
  }
  return { status: name ?? String(status), address: hexAddress(frame.integer('ip')) }
}
