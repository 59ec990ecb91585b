import { strip } from '../../btf/layout.js'
import type { Kernel } from '../../kernel/kernel.js'
import { loadedSchedulers, operationsOf, schedulerOperations } from '../../kernel/sched-ext.js'
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
  /** Whether the kernel calls it; undefined where it could not be read which schedulers it runs. */
  readonly isActive: boolean | undefined
  /** Address of the scx_sched that was made of it; undefined while the kernel calls none of its functions. */
  readonly scheduler: bigint | undefined
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
  const part = problems.part()
  const seen = runningOperations(kernel, part)
  const running: Running = { seen, isWhole: part.none }
  const links = listLinks(kernel, problems)
  const members = structOpsMembers(kernel, maps, problems).filter(
    ({ operations }) => schedulerOperations[operations] !== undefined,
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
  /** 0n on kernels without struct scx_sched. */
  readonly scheduler: bigint
  readonly name: string
  /** Functions by member name, without those that are not set. */
  readonly functions: ReadonlyMap<string, bigint>
}

/** Schedulers that the kernel runs, and whether these are all. */
interface Running {
  readonly seen: readonly Operations[]
  readonly isWhole: boolean
}

/** The copies of operations that the kernel calls: those of each scx_sched, or scx_ops on kernels without struct scx_sched. */
function runningOperations(kernel: Kernel, problems: Problems): Operations[] {
  if (kernel.findSymbol('scx_root') === undefined) {
    const ops = kernel.findSymbol('scx_ops')
    const found =
      ops === undefined
        ? undefined
        : problems.attempt('running scheduler', () => operationsAt(kernel, 'sched_ext_ops', ops))
    return found === undefined ? [] : [found]
  }
  return loadedSchedulers(kernel, problems).flatMap((scheduler) => {
    const found = problems.attempt('running scheduler', () => {
      const { type, at } = operationsOf(kernel, scheduler)
      return operationsAt(kernel, type, at, scheduler)
    })
    return found === undefined ? [] : [found]
  })
}

function operationsAt(
  kernel: Kernel,
  operations: string,
  address: bigint,
  scheduler = 0n,
): Operations | undefined {
  const ops = kernel.struct(operations, address)
  const functions = new Map<string, bigint>()
  for (const { name, offset, type } of ops.layout.type.members) {
    const pointer = strip(type)
    if (pointer.kind !== 'pointer' || strip(pointer.target).kind !== 'prototype') continue
    const at = kernel.space.u64(address + BigInt(offset))
    if (at !== 0n) functions.set(name, at)
  }
  return functions.size === 0 ? undefined : { scheduler, name: ops.text('name'), functions }
}

/** What is known of an object of which at least one function is set. */
function judge(
  kernel: Kernel,
  map: MapInfo,
  members: readonly StructOpsMember[],
  linkIds: readonly number[],
  loaded: Running,
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
  const type = members[0]?.operations ?? 'sched_ext_ops'
  const own = operationsAt(kernel, type, ops.at('kvalue') + BigInt(data))
  const calledBy = ({ functions }: Operations): StructOpsMember[] =>
    members.filter(({ member, trampoline }) => functions.get(member) === trampoline)
  // Schedulers of cgroups stand beside the root: each object is held to the one that it is part of.
  const running = loaded.seen.toSorted((a, b) => calledBy(b).length - calledBy(a).length)[0]
  const called = running === undefined ? [] : calledBy(running)
  const isCalled = called.length === members.length
  const isActive = isCalled || loaded.isWhole ? isCalled : undefined
  if (isActive === undefined) evidence.push('which schedulers the kernel runs could not all be read')
  if (running === undefined) {
    if (loaded.isWhole) evidence.push('the kernel runs no BPF scheduler')
  } else if (called.length > 0)
    says(8, `the kernel calls ${called.length} of its ${members.length} functions`)
  else if (loaded.isWhole) evidence.push('the kernel calls none of its functions')
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
    scheduler: running === undefined || called.length === 0 ? undefined : running.scheduler,
    score,
    evidence,
    members,
    programIds,
    mapIds: [...new Set([map.id, ...used])].sort((a, b) => a - b),
  }
}
