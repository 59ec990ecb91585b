import { strip } from '../../btf/layout.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'

/** A member of a struct_ops map that a program stands for. */
export interface StructOpsMember {
  readonly mapId: number
  readonly mapName: string
  /** "sched_ext_ops". */
  readonly operations: string
  readonly member: string
  readonly programId: number
  /** Address that the kernel calls: a trampoline in the map's image. */
  readonly trampoline: bigint
}

/** Every function of every struct_ops map that has a program, from the values that user space gave the maps. */
export function structOpsMembers(
  kernel: Kernel,
  maps: readonly MapInfo[],
  problems: Problems,
): StructOpsMember[] {
  return maps
    .filter(({ type }) => type === 'struct_ops')
    .flatMap((map) => problems.attempt(`map ${map.id}`, () => membersOf(kernel, map)) ?? [])
}

function membersOf(kernel: Kernel, map: MapInfo): StructOpsMember[] {
  const wrapper = map.valueType === undefined ? undefined : strip(map.valueType)
  const data = wrapper?.kind === 'struct' ? wrapper.member('data') : undefined
  const type = data === undefined ? undefined : strip(data.type)
  if (data === undefined || type?.kind !== 'struct') return []
  const ops = kernel.struct('bpf_struct_ops_map', map.address)
  const user = ops.pointer('uvalue')
  if (user === 0n) return []
  const members: StructOpsMember[] = []
  for (const member of type.members) {
    const pointer = strip(member.type)
    if (pointer.kind !== 'pointer' || strip(pointer.target).kind !== 'prototype') continue
    const at = BigInt(data.offset + member.offset)
    const programId = Number(kernel.space.u64(user + at))
    if (programId === 0) continue
    members.push({
      mapId: map.id,
      mapName: map.name,
      operations: type.name,
      member: member.name,
      programId,
      trampoline: kernel.space.u64(ops.at('kvalue') + at),
    })
  }
  return members
}
