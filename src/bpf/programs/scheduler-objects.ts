import { strip } from '../../btf/layout.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import type { MapInfo } from '../map-info.js'
import type { BpfProgram } from '../program.js'
import { listLinks } from './links.js'
import { type StructOpsMember, structOpsMembers } from './membership.js'

/** A sched_ext scheduler among the loaded objects: its struct_ops map with what belongs to it. */
export interface SchedulerObject {
  readonly mapId: number
  readonly mapName: string
  /** sched_ext_ops.name. */
  readonly name: string
  /** Whether it is the one that the kernel calls. */
  readonly isActive: boolean
  /** How much speaks for it; what does is `evidence`, a sentence each. */
  readonly score: number
  readonly evidence: readonly string[]
  readonly members: readonly StructOpsMember[]
  readonly programIds: readonly number[]
  /** The struct_ops map and every map that its programs use. */
  readonly mapIds: readonly number[]
}

/** Every sched_ext scheduler that is loaded, the likeliest first: schedulers that are on their way out stay for a while. */
export function schedulerObjects(
  kernel: Kernel,
  maps: readonly MapInfo[],
  programs: readonly BpfProgram[],
  problems: Problems,
): SchedulerObject[] {
  const running = problems.attempt('running scheduler', () => runningOperations(kernel))
  const links = listLinks(kernel, problems)
  const members = structOpsMembers(kernel, maps, problems).filter(
    ({ operations }) => operations === 'sched_ext_ops',
  )
  const found = maps
    .filter(({ id }) => members.some(({ mapId }) => mapId === id))
    .flatMap((map) => {
      const own = members.filter(({ mapId }) => mapId === map.id)
      const linkIds = links.filter(({ target }) => target.mapId === map.id).map(({ id }) => id)
      const one = problems.attempt(`map ${map.id}`, () => judge(kernel, map, own, linkIds, running, programs))
      return one === undefined ? [] : [one]
    })
  return found.sort((a, b) => b.score - a.score)
}

interface Operations {
  readonly name: string
  /** Functions by member name, without those that are not set. */
  readonly functions: ReadonlyMap<string, bigint>
}

/** The copy of the operations that the kernel calls: scx_root's, or scx_ops on kernels without struct scx_sched. */
function runningOperations(kernel: Kernel): Operations | undefined {
  // Since 6.16; before, the operations were the static scx_ops.
  const root = kernel.findSymbol('scx_root')
  if (root === undefined) {
    const ops = kernel.findSymbol('scx_ops')
    return ops === undefined ? undefined : operationsAt(kernel, ops)
  }
  const scheduler = kernel.space.u64(root)
  return scheduler === 0n ? undefined : operationsAt(kernel, kernel.struct('scx_sched', scheduler).at('ops'))
}

function operationsAt(kernel: Kernel, address: bigint): Operations | undefined {
  const ops = kernel.struct('sched_ext_ops', address)
  const functions = new Map<string, bigint>()
  for (const { name, offset, type } of ops.layout.type.members) {
    const pointer = strip(type)
    if (pointer.kind !== 'pointer' || strip(pointer.target).kind !== 'prototype') continue
    const at = kernel.space.u64(address + BigInt(offset))
    if (at !== 0n) functions.set(name, at)
  }
  return functions.size === 0 ? undefined : { name: ops.text('name'), functions }
}

function judge(
  kernel: Kernel,
  map: MapInfo,
  members: readonly StructOpsMember[],
  linkIds: readonly number[],
  running: Operations | undefined,
  programs: readonly BpfProgram[],
): SchedulerObject {
  const evidence: string[] = []
  let score = 0
  const says = (points: number, sentence: string): void => {
    score += points
    evidence.push(sentence)
  }
  const ops = kernel.struct('bpf_struct_ops_map', map.address)
  const data = kernel.layouts.get('bpf_struct_ops_value').offset('data')
  const own = operationsAt(kernel, ops.at('kvalue') + BigInt(data))
  const called = members.filter(({ member, trampoline }) => running?.functions.get(member) === trampoline)
  const isActive = members.length > 0 && called.length === members.length
  if (running === undefined) evidence.push('the kernel runs no BPF scheduler')
  else if (called.length > 0) says(8, `the kernel calls ${called.length} of its ${members.length} functions`)
  else evidence.push('the kernel calls none of its functions')
  const number = ops.number('kvalue.common.state')
  const state = kernel.enumName('bpf_struct_ops_state', number, 'BPF_STRUCT_OPS_STATE_')?.toLowerCase()
  if (state === 'inuse') says(2, 'its map is in use')
  else if (state === 'ready') says(1, 'its map is ready')
  else evidence.push(`its map is in state ${state ?? number}`)
  if (linkIds.length > 0) says(2, `link ${linkIds.join(', ')} holds it`)
  const name = own?.name ?? ''
  if (running !== undefined && name !== '' && name === running.name)
    says(1, `the running scheduler is called ${name} too`)
  const programIds = [...new Set(members.map(({ programId }) => programId))].sort((a, b) => a - b)
  const used = programs.filter(({ id }) => programIds.includes(id)).flatMap(({ mapIds }) => mapIds)
  return {
    mapId: map.id,
    mapName: map.name,
    name,
    isActive,
    score,
    evidence,
    members,
    programIds,
    mapIds: [...new Set([map.id, ...used])].sort((a, b) => a - b),
  }
}
