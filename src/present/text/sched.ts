import type { Capability, EffectiveCapability } from '../../sched/caps.js'
import type { Cid, CidShard } from '../../sched/cids.js'
import { cpuList } from '../../value/mask.js'

function topologyText({ core, llc, node }: Pick<CidRow, 'core' | 'llc' | 'node'>): string {
  const parts = Object.entries({ core, LLC: llc, node }).filter(([, index]) => index != null)
  return parts.length === 0 ? '' : ` (${parts.map(([what, index]) => `${what} ${index}`).join(', ')})`
}

type Nullable<T> = { readonly [K in keyof T]: undefined extends T[K] ? T[K] | null : T[K] }
type CidRow = Nullable<Cid>

/** The tables as they are read, or as JSON has them. */
interface CidRows {
  readonly cids: readonly CidRow[]
  readonly shards: readonly Nullable<CidShard>[]
}

/** "enq: cids 0-1; preempt: none". */
export function capsText(caps: readonly Capability[]): string {
  return caps
    .map(({ name, cids }) => `${name}: ${cids.length === 0 ? 'none' : `cids ${cpuList(cids)}`}`)
    .join('; ')
}

/** "enq: CPUs 0-1; preempt: none". */
export function effectiveText(caps: readonly EffectiveCapability[]): string {
  return caps
    .map(({ name, cpus }) => `${name}: ${cpus.length === 0 ? 'none' : `CPUs ${cpuList(cpus)}`}`)
    .join('; ')
}

/** Who is being rescued on a CPU; nothing where nobody is. */
export function rescuePairs(
  cpu: number,
  { task }: { readonly task: { readonly name: string; readonly pid: number } | undefined | null },
): [string, string][] {
  return task == null
    ? []
    : [['rescued', `${task.name} (${task.pid}) on CPU ${cpu}, for which its scheduler lacks capabilities`]]
}

/** "0 is CPU 0 (core 0, LLC 0, node 0), 1 is CPU 4 (core 0, LLC 0, node 0); shard 0 is cids 0-1 of node 0". */
export function cidsText({ cids, shards }: CidRows): string {
  const numbers = cids.every(({ cid, cpu }) => cid === cpu)
    ? 'numbered as CPUs are'
    : cids.map((each) => `${each.cid} is CPU ${each.cpu}${topologyText(each)}`).join(', ')
  const groups = shards.map(({ shard, firstCid, cids: count, node }) => {
    const range = cpuList(Array.from({ length: Math.max(0, Math.min(count, 8192)) }, (_, i) => firstCid + i))
    return `shard ${shard} is cids ${range}${node == null ? '' : ` of node ${node}`}`
  })
  return [numbers, ...groups].join('; ')
}
