import type { Kernel } from '../../kernel/kernel.js'
import { entries, hlistNodes } from '../../kernel/walk/list.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import { fresh } from './fresh.js'
import type { EntryReader, RawEntry } from './reader.js'
import { cookieValue } from './sock-arrays.js'
import { sockPrograms } from './sock-programs.js'
import { tableWords } from './words.js'

/** struct bpf_shtab (net/core/sock_map.c): buckets of hlists of bpf_shtab_elem, with the key behind each. */
export const sockhashReader: EntryReader = {
  types: ['sockhash'],
  perCpu: false,

  state(kernel, map, problems) {
    const table = kernel.struct('bpf_shtab', map.address)
    return {
      items: table.number('count'),
      buckets: table.number('buckets_num'),
      ...sockPrograms(kernel, table, problems),
    }
  },

  *entries(kernel, map, problems) {
    yield* sockEntries(kernel, map, problems)
  },

  find(kernel, map, key, problems) {
    const wanted = Buffer.from(key)
    for (const entry of sockEntries(kernel, map, problems)) {
      if (wanted.equals(entry.key)) return entry
    }
    return undefined
  },
}

function* sockEntries(kernel: Kernel, map: MapInfo, problems: Problems): Generator<RawEntry> {
  const table = kernel.struct('bpf_shtab', map.address)
  const bucket = kernel.layouts.get('bpf_shtab_bucket')
  const element = kernel.layouts.get('bpf_shtab_elem')
  const first = table.pointer('buckets') + BigInt(bucket.offset('head'))
  const seen = new Set<bigint>()
  const heads = tableWords(kernel, first, table.number('buckets_num'), 'bucket', problems, bucket.size)
  for (const { index, address } of heads) {
    const where = `bucket ${index}`
    const walk = entries(hlistNodes(kernel, address, problems, where), element.offset('node'))
    for (const found of fresh(walk, seen, where, problems)) {
      const entry = problems.attempt(where, (): RawEntry => {
        const reader = kernel.struct('bpf_shtab_elem', found)
        return {
          key: kernel.space.bytes(reader.at('key'), map.keySize),
          values: [cookieValue(kernel, reader.pointer('sk'), map.valueSize, problems)],
        }
      })
      if (entry !== undefined) yield entry
    }
  }
}
