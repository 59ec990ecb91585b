import type { Kernel } from '../../../kernel/kernel.js'
import { readMap } from '../../map-info.js'
import { named, type Unnamed } from './named-object.js'

export interface MapName {
  readonly kind: 'map'
  readonly address: bigint
  readonly id: number
  readonly name: string
  readonly type: string
}

/** A struct bpf_map; `vm.map(id)` shows it. */
export function nameMap(kernel: Kernel, address: bigint): MapName | Unnamed {
  return named('map', address, () => {
    const { id, name, type } = readMap(kernel, address)
    return { kind: 'map', address, id, name, type }
  })
}
