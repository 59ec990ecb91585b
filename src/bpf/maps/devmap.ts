import type { Kernel } from '../../kernel/kernel.js'
import { entries, hlistNodes } from '../../kernel/walk/list.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { fresh } from './fresh.js'
import { nameNetDevice } from './objects/net-device.js'
import { nameProgram } from './objects/program.js'
import type { EntryReader, RawEntry, RawValue } from './reader.js'
import { indexKey, slotReader } from './slots.js'
import { tableWords } from './words.js'

/** struct bpf_dtab_netdev (kernel/bpf/devmap.c): a lookup gives its `val`, with the id of the program it runs. */
function deviceValue(kernel: Kernel, map: MapInfo, address: bigint, problems: Problems): RawValue {
  const slot = kernel.struct('bpf_dtab_netdev', address)
  const value = slot.at('val')
  const device = nameNetDevice(kernel, slot.pointer('dev'))
  const program = slot.pointer('xdp_prog')
  return {
    bytes: kernel.space.bytes(value, Math.min(map.valueSize, slot.layout.sizeOf('val'))),
    address: value,
    target: program === 0n ? device : { ...device, program: nameProgram(kernel, program, problems) },
  }
}

export const devmapReader: EntryReader = slotReader({
  types: ['devmap'],
  table: (kernel, map) => kernel.struct('bpf_dtab', map.address).pointer('netdev_map'),
  value: (kernel, map, { value }, problems) => deviceValue(kernel, map, value, problems),
})

/** The same slots in a hash table by `idx`: bpf_dtab.dev_index_head[n_buckets], an hlist each. */
export const devmapHashReader: EntryReader = {
  types: ['devmap_hash'],
  perCpu: false,

  state(kernel, map) {
    const table = kernel.struct('bpf_dtab', map.address)
    return { items: table.number('items'), buckets: table.number('n_buckets') }
  },

  *entries(kernel, map, problems) {
    yield* hashEntries(kernel, map, problems)
  },

  find(kernel, map, key, problems) {
    const wanted = Buffer.from(key)
    for (const entry of hashEntries(kernel, map, problems)) {
      if (wanted.equals(entry.key)) return entry
    }
    return undefined
  },
}

function* hashEntries(kernel: Kernel, map: MapInfo, problems: Problems): Generator<RawEntry> {
  const table = kernel.struct('bpf_dtab', map.address)
  const count = table.number('n_buckets')
  const offset = kernel.layouts.get('bpf_dtab_netdev').offset('index_hlist')
  const seen = new Set<bigint>()
  for (const bucket of tableWords(kernel, table.pointer('dev_index_head'), count, 'bucket', problems)) {
    const where = `bucket ${bucket.index}`
    const walk = entries(hlistNodes(kernel, bucket.address, problems, where), offset)
    for (const address of fresh(walk, seen, where, problems)) {
      const entry = readEntry(kernel, map, address, where, problems)
      if (entry !== undefined) yield entry
    }
  }
}

function readEntry(
  kernel: Kernel,
  map: MapInfo,
  address: bigint,
  where: string,
  problems: Problems,
): RawEntry | undefined {
  return problems.attempt(where, () => ({
    key: indexKey(kernel.struct('bpf_dtab_netdev', address).number('idx')),
    values: [deviceValue(kernel, map, address, problems)],
  }))
}
