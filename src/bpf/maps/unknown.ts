import type { Details } from '../../contract/details.js'
import { isUnreadName, type Kernel, lostName, unreadName } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'

/** Where the kernel does not say how large the map's struct is. */
const leastBytes = 512
const mostBytes = 64 * 1024

/** What can be said of a map of a type that has no reader: the kernel's own struct for it (by ops->map_btf_id), as bytes. */
export function unknownState(kernel: Kernel, map: MapInfo, problems: Problems): Details {
  const ops = kernel.struct('bpf_map', map.address).pointer('ops')
  const structure = problems.attempt('operations', () => structureOf(kernel, ops))
  const size = Math.min(structure?.size ?? leastBytes, mostBytes)
  const read = kernel.space.read(map.address, size)
  if (!read.ok) problems.add('map', `${read.bytes.length} of its ${size} bytes can be read`)
  return {
    reason: unknownReason(map),
    structure: structure === undefined ? undefined : `struct ${structure.name}`,
    operations: ops === 0n ? undefined : kernel.symbolize(ops),
    hex: Buffer.from(read.bytes).toString('hex'),
  }
}

export function unknownReason(map: MapInfo): string {
  if (isUnreadName(map.type))
    return `which type of map it is could not be read: what ${map.type.slice(unreadName.length)} stands for ${lostName}`
  return `maps of ${/^type /.test(map.type) ? map.type : `type ${map.type}`} are newer than this reader: how entries are stored is not known here; the bytes of the map itself are in its state`
}

/** map_btf_id points at the BTF id of the struct that this type of map starts with struct bpf_map. */
function structureOf(kernel: Kernel, ops: bigint): { name: string; size: number } | undefined {
  if (ops === 0n || kernel.layouts.find('bpf_map_ops')?.has('map_btf_id') !== true) return undefined
  const id = kernel.struct('bpf_map_ops', ops).pointer('map_btf_id')
  const number = id === 0n ? 0 : kernel.space.u32(id)
  if (number === 0 || number >= kernel.types.typeCount) return undefined
  const type = kernel.types.type(number)
  return type.kind === 'struct' ? { name: type.name, size: type.size } : undefined
}
