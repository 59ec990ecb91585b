import type { Kernel } from '../../kernel/kernel.js'
import { rhashtableNodes } from '../../kernel/walk/rhashtable.js'
import type { MapInfo } from '../map-info.js'
import type { EntryReader, RawEntry } from './reader.js'

/** struct bpf_rhtab (kernel/bpf/hashtab.c): a hash map that grows, an rhashtable of rhtab_elem. */
export const rhashReader: EntryReader = {
  types: ['rhash'],
  perCpu: false,

  state(kernel, map) {
    const table = kernel.struct('bpf_rhtab', map.address)
    return { elements: table.number('ht.nelems') }
  },

  *entries(kernel, map, problems) {
    const table = kernel.struct('bpf_rhtab', map.address)
    const offset = BigInt(kernel.layouts.get('rhtab_elem').offset('node'))
    for (const node of rhashtableNodes(kernel, table.at('ht'), problems, 'table')) {
      const address = node - offset
      const where = `element at 0x${address.toString(16)}`
      const entry = problems.attempt(where, () => readElement(kernel, map, address))
      if (entry !== undefined) yield entry
    }
  },

  find(kernel, map, key, problems) {
    const wanted = Buffer.from(key)
    for (const entry of this.entries(kernel, map, problems)) {
      if (wanted.equals(entry.key)) return entry
    }
    return undefined
  },
}

/** The key, and at the next multiple of 8 the value. */
function readElement(kernel: Kernel, map: MapInfo, address: bigint): RawEntry {
  const keyAt = kernel.struct('rhtab_elem', address).at('data')
  const valueAt = keyAt + BigInt(Math.ceil(map.keySize / 8) * 8)
  return {
    key: kernel.space.bytes(keyAt, map.keySize),
    values: [{ bytes: kernel.space.bytes(valueAt, map.valueSize), address: valueAt }],
  }
}
