import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'
import type { SchedContext } from './context.js'

/** A CPU by the number that cid-form schedulers have for it: cids follow the machine's topology. */
export interface Cid {
  readonly cid: number
  readonly cpu: number
  readonly shard: number | undefined
  /** Core, last-level cache and NUMA node, each counted in the order of cids; undefined for a CPU that was offline when they were numbered. */
  readonly core: number | undefined
  readonly llc: number | undefined
  readonly node: number | undefined
}

/** CPUs that are handed out together. */
export interface CidShard {
  readonly shard: number
  readonly firstCid: number
  readonly cids: number
  readonly node: number | undefined
}

export interface CidTables {
  readonly cids: readonly Cid[]
  readonly shards: readonly CidShard[]
}

const shardLimit = 4096

/** The tables that the kernel goes by now (struct scx_cid_tables, kernel/sched/ext_cid.c, in Linux 7.3). */
export function readCids({ kernel, problems, absences }: SchedContext): CidTables | undefined {
  const symbol = kernel.findSymbol('scx_cid_tables')
  if (symbol === undefined)
    return absences.lacks('cids', 'this kernel numbers CPUs in one way (no scx_cid_tables)')
  return problems.attempt('scx_cid_tables', () => {
    const at = kernel.space.u64(symbol)
    if (at === 0n) return undefined
    const tables = kernel.struct('scx_cid_tables', at)
    const toCpu = tables.pointer('cid_to_cpu')
    const toShard = tables.pointer('cid_to_shard')
    const possible = kernel.cpus.possible.length
    const topologyOf = topologies(kernel, tables)
    const cids: Cid[] = []
    // As many as there can be CPUs, however these are numbered.
    for (let cid = 0; cid < possible; cid++) {
      const cpu = kernel.space.u16(toCpu + BigInt(2 * cid))
      // -1: no CPU has it.
      if (cpu >= 0x8000) continue
      cids.push({ cid, cpu, shard: indexAt(kernel, toShard, cid), ...topologyOf(cid) })
    }
    return { cids, shards: shardsOf({ kernel, problems }, at) }
  })
}

/** What struct scx_cid_topo says of a cid. */
function topologies(
  kernel: Kernel,
  tables: StructReader,
): (cid: number) => Pick<Cid, 'core' | 'llc' | 'node'> {
  const at = tables.has('topo') ? tables.pointer('topo') : 0n
  if (at === 0n) return () => ({ core: undefined, llc: undefined, node: undefined })
  const { size } = kernel.layouts.get('scx_cid_topo')
  return (cid) => {
    const topology = kernel.struct('scx_cid_topo', at + BigInt(size * cid))
    return {
      core: index(topology.number('core_idx')),
      llc: index(topology.number('llc_idx')),
      node: index(topology.number('node_idx')),
    }
  }
}

/** -1 stands for none. */
function index(value: number): number | undefined {
  return value < 0 ? undefined : value
}

/** Of a table of such words, which some kernels do not have. */
function indexAt({ space }: Kernel, table: bigint, at: number): number | undefined {
  return table === 0n ? undefined : index(space.i32(table + BigInt(4 * at)))
}

function shardsOf({ kernel, problems }: Pick<SchedContext, 'kernel' | 'problems'>, at: bigint): CidShard[] {
  const tables = kernel.struct('scx_cid_tables', at)
  const count = tables.number('nr_shards')
  const ranges = tables.pointer('shard_ranges')
  const nodes = tables.pointer('shard_node')
  const { size: stride } = kernel.layouts.get('scx_cid_shard')
  if (count > shardLimit) problems.add('scx_cid_tables', `${count} shards cannot be`)
  if (count > shardLimit || ranges === 0n) return []
  return Array.from({ length: count }, (_, shard) => {
    const range = kernel.struct('scx_cid_shard', ranges + BigInt(stride * shard))
    return {
      shard,
      firstCid: range.number('base_cid'),
      cids: range.number('nr_cids'),
      node: indexAt(kernel, nodes, shard),
    }
  })
}

/** The CPUs that have these cids; undefined where the tables do not say. */
export function cpusOfCids(tables: CidTables | undefined, cids: readonly number[]): number[] | undefined {
  if (tables === undefined) return undefined
  const cpus = new Map(tables.cids.map(({ cid, cpu }) => [cid, cpu]))
  const found = cids.map((cid) => cpus.get(cid))
  return found.some((cpu) => cpu === undefined) ? undefined : (found as number[]).toSorted((a, b) => a - b)
}
