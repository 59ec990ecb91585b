import { strip } from '../btf/layout.js'
import type { EnumType } from '../btf/types.js'
import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'
import { hex, possibleCpus, type SchedContext } from './context.js'
import { readMask } from './cpu-mask.js'
import { readNumbers } from './numbers.js'

/** What a CPU's runqueue counts (CONFIG_SCHEDSTATS): a cpuN line of /proc/schedstat. */
export interface Schedstat {
  readonly cpu: number
  /** By the kernel's names: yld_count, sched_count, sched_goidle, ttwu_count, ttwu_local. */
  readonly counts: Readonly<Record<string, number>>
  /** Nanoseconds that tasks ran and waited here, and how many time slices. */
  readonly cpuTime: bigint
  readonly runDelay: bigint
  readonly timeslices: bigint
  readonly domains: readonly SchedDomain[]
}

/** A level of load balancing above a CPU (struct sched_domain, include/linux/sched/topology.h). */
export interface SchedDomain {
  readonly address: bigint
  readonly name: string
  readonly level: number
  readonly flags: readonly string[]
  /** CPUs in it; undefined where the mask that follows the struct does not have as many as it claims. */
  readonly cpus: readonly number[] | undefined
  readonly weight: number
  readonly balanceInterval: number
  readonly failedBalances: number
  /** Nanoseconds. */
  readonly maxNewidleCost: bigint
  readonly newidle: { readonly calls: number; readonly successes: number; readonly ratio: number } | undefined
  /** Load balancing by kind of idleness; lb_count, lb_failed … by the kernel's names. */
  readonly balancing: Readonly<Record<string, { readonly [idleness: string]: number }>>
  /** Counters of other balancing: alb_count, sbe_count, ttwu_wake_remote … */
  readonly counts: Readonly<Record<string, number>>
}

const runqueueCounts = ['yld_count', 'sched_count', 'sched_goidle', 'ttwu_count', 'ttwu_local']
/** enum cpu_idle_type without its first value, which counts nothing. */
const idleness = ['notIdle', 'idle', 'newlyIdle']
const domainLimit = 64

export function readSchedstats(context: SchedContext): Schedstat[] {
  const { kernel, problems, absences } = context
  const runqueues = kernel.findSymbol('runqueues')
  const layout = kernel.layouts.find('rq')
  if (runqueues === undefined || layout === undefined) {
    absences.lacks('schedstat', 'the kernel has no per-CPU runqueues')
    return []
  }
  if (!layout.has('rq_sched_info') || !layout.has('sched_count')) {
    absences.lacks('schedstat', 'struct rq has no statistics: the kernel is built without CONFIG_SCHEDSTATS')
    return []
  }
  return possibleCpus(context).flatMap((cpu) => {
    const found = problems.attempt(`schedstat of CPU ${cpu}`, (): Schedstat => {
      const rq = kernel.struct('rq', kernel.cpus.address(runqueues, cpu))
      const counts = runqueueCounts.filter((name) => rq.has(name)).map((name) => [name, rq.number(name)])
      return {
        cpu,
        counts: Object.fromEntries(counts),
        cpuTime: rq.integer('rq_cpu_time'),
        runDelay: rq.integer('rq_sched_info.run_delay'),
        timeslices: rq.integer('rq_sched_info.pcount'),
        domains: readDomains(context, cpu, rq),
      }
    })
    return found === undefined ? [] : [found]
  })
}

/** From the smallest up. */
function readDomains(context: SchedContext, cpu: number, rq: StructReader): SchedDomain[] {
  const { kernel, problems, absences } = context
  if (!rq.has('sd') || kernel.layouts.find('sched_domain') === undefined) {
    absences.lacks('sched domains', 'struct rq has no sd: the kernel is built for one CPU')
    return []
  }
  const domains: SchedDomain[] = []
  const seen = new Set<bigint>()
  const where = `sched domains of CPU ${cpu}`
  problems.attempt(where, () => {
    for (let at = rq.pointer('sd'); at !== 0n; ) {
      if (seen.has(at) || seen.size === domainLimit) {
        problems.add(where, `the chain of domains does not end: ${hex(at)} after ${seen.size}`)
        return
      }
      seen.add(at)
      const domain = kernel.struct('sched_domain', at)
      domains.push(readDomain(context, domain))
      at = domain.pointer('parent')
    }
  })
  return domains
}

function readDomain(context: SchedContext, domain: StructReader): SchedDomain {
  const { kernel, problems } = context
  const nameAt = domain.has('name') ? domain.pointer('name') : 0n
  const weight = domain.number('span_weight')
  // All three since Linux 6.18.
  const has = domain.has('newidle_ratio')
  return {
    address: domain.address,
    name:
      nameAt === 0n
        ? ''
        : (problems.attempt('name of a sched domain', () => kernel.space.text(nameAt, 64)) ?? ''),
    level: domain.number('level'),
    flags: domainFlags(kernel, domain.number('flags') >>> 0),
    cpus: problems.attempt(`span of the domain at ${hex(domain.address)}`, () =>
      span(context, domain, weight),
    ),
    weight,
    balanceInterval: domain.number('balance_interval'),
    failedBalances: domain.number('nr_balance_failed'),
    maxNewidleCost: domain.integer('max_newidle_lb_cost'),
    newidle: has
      ? {
          calls: domain.number('newidle_call'),
          successes: domain.number('newidle_success'),
          ratio: domain.number('newidle_ratio'),
        }
      : undefined,
    ...statistics(context, domain),
  }
}

/** The mask lies behind the struct; some kernels have a member for it. It is believed only if it has span_weight CPUs. */
function span({ kernel }: SchedContext, domain: StructReader, weight: number): number[] | undefined {
  const end = domain.layout.find('span_weight')?.offset ?? domain.layout.size
  const places = [domain.layout.find('span')?.offset, domain.layout.size, Math.ceil((end + 4) / 8) * 8]
  for (const offset of places) {
    if (offset === undefined) continue
    const cpus = readMask(kernel, domain.address + BigInt(offset))
    if (cpus.length === weight && weight > 0) return cpus
  }
  return undefined
}

function statistics(
  { kernel, absences }: SchedContext,
  domain: StructReader,
): Pick<SchedDomain, 'balancing' | 'counts'> {
  const balancing: Record<string, Record<string, number>> = {}
  const counts: Record<string, number> = {}
  for (const { name, type } of domain.layout.type.members) {
    if (/^lb_/.test(name) && strip(type).kind === 'array') {
      const values = readNumbers(kernel, 'sched_domain', domain.address, name)
      balancing[name] = Object.fromEntries(
        values.map((value, i) => [idleness[i] ?? `idle ${i}`, Number(value)]),
      )
    } else if (/^(alb|sbe|sbf|ttwu)_/.test(name)) counts[name] = domain.number(name)
  }
  if (Object.keys(balancing).length === 0)
    absences.lacks('sched domain statistics', 'the kernel is built without CONFIG_SCHEDSTATS')
  return { balancing, counts }
}

const flagEnums = new WeakMap<Kernel, EnumType | undefined>()

/** SD_* are values of an enum without a name (include/linux/sched/sd_flags.h). */
function domainFlags(kernel: Kernel, flags: number): string[] {
  if (!flagEnums.has(kernel)) {
    let found: EnumType | undefined
    for (const type of kernel.types.types('enum')) {
      if (type.name === '' && type.valueOf('SD_BALANCE_NEWIDLE') !== undefined) {
        found = type
        break
      }
    }
    flagEnums.set(kernel, found)
  }
  const type = flagEnums.get(kernel)
  const names: string[] = []
  for (let bit = 0; bit < 32; bit++) {
    if ((flags & (1 << bit)) === 0) continue
    const value = 2 ** bit
    names.push(type?.nameOf(BigInt(value))?.replace(/^SD_/, '') ?? `0x${value.toString(16)}`)
  }
  return names
}
