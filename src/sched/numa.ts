import { strip } from '../btf/layout.js'
import type { SchedContext } from './context.js'
import { readNumbers } from './numbers.js'
import { nodeCount } from './queues.js'

/** Allocations of a NUMA node by what came of them, as /sys/devices/system/node/nodeN/numastat. */
export interface NumaNode {
  readonly node: number
  /** By the kernel's names (enum numa_stat_item) in lower case. */
  readonly events: Readonly<Record<string, bigint>>
}

export function readNuma(context: SchedContext): NumaNode[] {
  const { kernel, problems, absences } = context
  const nodes = kernel.findSymbol('node_data')
  const zones = kernel.layouts.find('pglist_data')?.find('node_zones')
  const zone = kernel.layouts.find('zone')
  if (nodes === undefined || zones === undefined || !zone?.has('vm_numa_event')) {
    absences.lacks('NUMA events', 'the kernel has no node_data, or zones without vm_numa_event')
    return []
  }
  const type = kernel.types.find('numa_stat_item', 'enum')
  const names = type?.kind === 'enum' ? type.values.filter(({ name }) => name.startsWith('NUMA_')) : []
  const array = strip(zones.type)
  const zoneCount = array.kind === 'array' ? array.length : 0
  const found: NumaNode[] = []
  for (let node = 0; node < nodeCount(context); node++) {
    problems.attempt(`NUMA events of node ${node}`, () => {
      const data = kernel.space.u64(nodes + BigInt(node * 8))
      if (data === 0n) return
      const totals = names.map(() => 0n)
      for (let i = 0; i < zoneCount; i++) {
        const address = data + BigInt(zones.offset + i * zone.size)
        for (const counts of zoneCounts(context, address))
          for (const [at, { value }] of names.entries())
            totals[at] = (totals[at] ?? 0n) + (counts[Number(value)] ?? 0n)
      }
      found.push({
        node,
        events: Object.fromEntries(
          names.map(({ name }, at) => [name.slice('NUMA_'.length).toLowerCase(), totals[at] ?? 0n]),
        ),
      })
    })
  }
  return found
}

/** A zone's sum, and what each CPU has not added to it yet (mm/vmstat.c, fold_vm_zone_numa_events). */
function* zoneCounts({ kernel }: SchedContext, address: bigint): Generator<bigint[]> {
  yield readNumbers(kernel, 'zone', address, 'vm_numa_event')
  const zone = kernel.struct('zone', address)
  // Since Linux 5.14, with zone.vm_numa_event.
  if (!zone.has('per_cpu_zonestats')) return
  const perCpu = zone.pointer('per_cpu_zonestats')
  // Zones without pages have no statistics of their own.
  if (perCpu === 0n) return
  for (const cpu of kernel.cpus.possible)
    yield readNumbers(kernel, 'per_cpu_zonestat', kernel.cpus.address(perCpu, cpu), 'vm_numa_event')
}
