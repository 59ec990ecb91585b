import type { Found } from '../found.js'
import { operationsOf } from '../kernel/sched-ext.js'
import { entries } from '../kernel/walk/list.js'
import { rhashtableNodes } from '../kernel/walk/rhashtable.js'
import { foundBy, gather, hex, noneOf, type SchedContext } from './context.js'
import { type QueueFacts, type QueuePlace, QueueReader, queueMembers } from './dispatch-queue.js'
import { cgroupPath, schedulerAddresses } from './schedulers.js'

/** MAX_NUMNODES of any distribution kernel stays below this. */
const nodeLimit = 4096

/** Every dispatch queue: those of each CPU, of each NUMA node, and the schedulers' own. */
export function readQueues(context: SchedContext, reader = new QueueReader(context)): Found<QueueFacts> {
  const { kernel, problems, absences } = context
  if (kernel.layouts.find('scx_dispatch_q') === undefined) {
    absences.lacks('DSQs', 'the kernel has no struct scx_dispatch_q: it is built without sched_ext')
    return noneOf(context)
  }
  return foundBy(context, (within) => {
    const { problems: part } = within
    const found: QueueFacts[] = []
    part.attempt('DSQs', () => {
      for (const place of queuePlaces(within)) {
        // That a queue does not agree with itself does not mean that another is missing.
        const queue = reader.read(place, { lost: part, odd: problems })
        if (queue !== undefined) found.push(queue)
      }
    })
    return found
  })
}

function* queuePlaces(context: SchedContext): Generator<QueuePlace> {
  yield* runqueueQueues(context)
  const schedulers = schedulerAddresses(context)
  const owners = schedulers.length < 2 ? undefined : ownerNames(context, schedulers)
  for (const [i, scheduler] of schedulers.entries()) {
    const owner = owners?.[i]
    const own = [perCpuQueues, nodeQueues, userQueues]
    for (const find of own) for (const place of find(context, scheduler)) yield { ...place, owner }
  }
  if (schedulers.length === 0) yield* staticQueues(context)
}

/** What each scheduler is called; of those that share a name with the cgroup, of those that have no name by address. */
function ownerNames(context: SchedContext, schedulers: readonly bigint[]): string[] {
  const { kernel, problems } = context
  const names = schedulers.map((scheduler) =>
    problems.attempt(`scx_sched at ${hex(scheduler)}, name`, () => {
      const { type, at } = operationsOf(kernel, scheduler)
      return kernel.struct(type, at).text('name')
    }),
  )
  return schedulers.map((scheduler, i) => {
    const name = names[i]
    if (name === undefined || name === '') return `the scheduler at ${hex(scheduler)}`
    if (names.filter((other) => other === name).length === 1) return name
    const path = cgroupPath(context, kernel.struct('scx_sched', scheduler))
    return `${name} (${path === undefined ? `at ${hex(scheduler)}` : `cgroup ${path}`})`
  })
}

function* runqueueQueues({ kernel, absences }: SchedContext): Generator<QueuePlace> {
  const layout = kernel.layouts.find('scx_rq')
  const scx = kernel.layouts.find('rq')?.find('scx')
  const runqueues = kernel.findSymbol('runqueues')
  if (layout === undefined || scx === undefined || runqueues === undefined) {
    absences.lacks('local DSQs', 'the kernel has no rq.scx')
    return
  }
  for (const cpu of kernel.cpus.possible) {
    const runqueue = kernel.cpus.address(runqueues, cpu)
    const base = runqueue + BigInt(scx.offset)
    for (const { kind, offset } of queueMembers(layout))
      yield { address: base + BigInt(offset), kind, cpu, runqueue }
  }
}

function* perCpuQueues({ kernel, problems }: SchedContext, scheduler: bigint): Generator<QueuePlace> {
  const sched = kernel.struct('scx_sched', scheduler)
  // Since Linux 6.17.
  if (!sched.has('pcpu')) return
  const layout = problems.attempt('scx_sched.pcpu', () => kernel.layouts.get('scx_sched_pcpu'))
  const members = layout === undefined ? [] : queueMembers(layout)
  const base = problems.attempt('scx_sched.pcpu', () =>
    members.length === 0 ? undefined : sched.pointer('pcpu'),
  )
  if (base === undefined || base === 0n) return
  for (const cpu of kernel.cpus.possible) {
    for (const { kind, offset } of members) {
      yield { address: kernel.cpus.address(base, cpu) + BigInt(offset), kind, cpu, scheduler }
    }
  }
}

/** scx_sched.pnode[] (since Linux 7.1) holds structs with the queue in them, global_dsqs[] the queues themselves. */
function* nodeQueues(context: SchedContext, scheduler: bigint): Generator<QueuePlace> {
  const { kernel, problems, absences } = context
  const sched = kernel.struct('scx_sched', scheduler)
  const member = ['pnode', 'global_dsqs'].find((name) => sched.has(name))
  if (member === undefined) {
    absences.lacks('global DSQs', 'scx_sched has neither pnode nor global_dsqs')
    return
  }
  const offset = problems.attempt('scx_sched.pnode', () =>
    member === 'pnode' ? kernel.layouts.get('scx_sched_pnode').offset('global_dsq') : 0,
  )
  if (offset === undefined) return
  const array = problems.attempt(`scx_sched.${member}`, () => sched.pointer(member))
  if (array === undefined || array === 0n) return
  yield* ofNodes(context, array, offset, scheduler)
}

function* ofNodes(
  context: SchedContext,
  array: bigint,
  offset: number,
  scheduler?: bigint,
): Generator<QueuePlace> {
  const { kernel, problems } = context
  for (let node = 0; node < nodeCount(context); node++) {
    const pointer = problems.attempt(`global DSQ of node ${node}`, () =>
      kernel.space.u64(array + BigInt(node * 8)),
    )
    if (pointer === undefined || pointer === 0n) continue
    const place = { address: pointer + BigInt(offset), kind: 'global', node }
    yield scheduler === undefined ? place : { ...place, scheduler }
  }
}

/** Kernels for one node have no such variable. */
export function nodeCount({ kernel, problems }: SchedContext): number {
  const at = kernel.findSymbol('nr_node_ids')
  const count = at === undefined ? 1 : problems.attempt('nr_node_ids', () => kernel.space.u32(at))
  if (count !== undefined && count > 0 && count <= nodeLimit) return count
  if (count !== undefined) problems.add('nr_node_ids', `${count} nodes cannot be`)
  return 0
}

function* userQueues(context: SchedContext, scheduler: bigint): Generator<QueuePlace> {
  const table = context.kernel.struct('scx_sched', scheduler).at('dsq_hash')
  for (const address of hashed(context, table, hex(scheduler))) yield { address, kind: 'user', scheduler }
}

/** Before struct scx_sched (Linux 6.16): static variables of kernel/sched/ext.c. */
function* staticQueues(context: SchedContext): Generator<QueuePlace> {
  const { kernel, problems } = context
  const table = kernel.findSymbol('dsq_hash')
  const array = kernel.findSymbol('global_dsqs')
  if (array !== undefined) {
    const pointer = problems.attempt('global_dsqs', () => kernel.space.u64(array))
    if (pointer !== undefined && pointer !== 0n) yield* ofNodes(context, pointer, 0)
  }
  if (table === undefined) return
  for (const address of hashed(context, table, 'dsq_hash')) yield { address, kind: 'user' }
}

function hashed(context: SchedContext, table: bigint, owner: string): bigint[] {
  const { kernel, problems, absences } = context
  const offset = kernel.layouts.find('scx_dispatch_q')?.find('hash_node')?.offset
  if (offset === undefined || kernel.layouts.find('rhashtable') === undefined) {
    absences.lacks('user DSQs', 'scx_dispatch_q.hash_node or struct rhashtable is missing in BTF')
    return []
  }
  const where = `DSQs of ${owner}`
  const found = gather(context, where, (sink) => entries(rhashtableNodes(kernel, table, sink, where), offset))
  problems.attempt(where, () => {
    const reader = kernel.struct('rhashtable', table)
    const expected = reader.has('nelems') ? reader.number('nelems') : found.length
    if (expected !== found.length)
      problems.add(where, `the table counts ${expected} DSQs, ${found.length} were found`)
  })
  return found
}
