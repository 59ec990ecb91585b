import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { asFarAsRead, type StructReader } from '../kernel/struct-reader.js'
import type { Problems } from '../problems.js'
import { cpusOf } from '../value/mask.js'
import { hex, possibleCpus, type SchedContext } from './context.js'

/** One capability of a scheduler (enum scx_cap_flags), as /sys/kernel/sched_ext/root/caps has it. */
export interface Capability {
  /** enq, enq_immed, preempt, perf. */
  readonly name: string
  /** The cids on which it was granted, ascending. */
  readonly cids: readonly number[]
}

/** A capability in force: what a CPU goes by, with what other capabilities imply. */
export interface EffectiveCapability {
  readonly name: string
  /** CPUs, ascending. */
  readonly cpus: readonly number[]
}

/** No kernel has so many; more are broken reads. */
const capLimit = 64
const shardLimit = 4096
const cidLimit = 8192

/** Names of capabilities by their number, from `__SCX_CAP_ENQ = 1` and its like. */
export function capNames(kernel: Kernel): string[] {
  const type = kernel.types.find('scx_cap_flags', 'enum')
  if (type?.kind !== 'enum')
    throw new CryoscopeError(
      'unreadable',
      asFarAsRead(kernel.types, 'there is no enum scx_cap_flags that names capabilities'),
    )
  const names: string[] = []
  for (const { name, value } of type.values) {
    const [, word] = /^__SCX_CAP_([A-Z_]+)$/.exec(name) ?? []
    if (word !== undefined && word !== 'ALL' && value >= 0n && value < BigInt(capLimit))
      names[Number(value)] = word.toLowerCase()
  }
  return names
}

/** What a scheduler was granted, by shards of cids (scx_sched.pshard, in Linux 7.3); undefined where the kernel has no such thing. */
export function readCaps(
  { kernel, problems, absences }: SchedContext,
  sched: StructReader,
  where: string,
): readonly Capability[] | undefined {
  if (!sched.has('pshard') || !sched.has('nr_pshards'))
    return absences.lacks(
      'capabilities',
      'scx_sched has no pshard: its schedulers are granted no CPUs one by one',
    )
  return problems.attempt(`${where}, caps`, () => {
    const names = capNames(kernel)
    const found: number[][] = names.map(() => [])
    const array = sched.pointer('pshard')
    const count = sched.number('nr_pshards')
    if (count > shardLimit) {
      problems.add(`${where}, nr_pshards`, `${count} shards cannot be`)
      return undefined
    }
    for (let shard = 0; array !== 0n && shard < count; shard++) {
      const at = kernel.space.u64(array + BigInt(8 * shard))
      if (at === 0n) continue
      for (const [cap, cids] of found.entries()) {
        const mask = maskOf(kernel, at, cap)
        // No cid is in two shards.
        if (mask === undefined || cids.length + mask.length > cidLimit) {
          problems.add(`${where}, pshard[${shard}]`, `its mask of ${names[cap]} is of cids that cannot be`)
          return undefined
        }
        cids.push(...mask)
      }
    }
    return names.flatMap((name, cap) =>
      name === undefined ? [] : [{ name, cids: (found[cap] ?? []).toSorted((a, b) => a - b) }],
    )
  })
}

/**
 * The cids in one mask of a shard (struct scx_cmask): bits of whole words, of which the first begins at a multiple of 64.
 * Undefined for what is no such mask.
 */
function maskOf(kernel: Kernel, shard: bigint, cap: number): number[] | undefined {
  const reader = kernel.struct('scx_pshard', shard)
  const mask = kernel.struct('scx_cmask', reader.at(`caps[${cap}].cmask`))
  const base = mask.number('base')
  const count = mask.number('nr_cids')
  if (base + count > cidLimit) return undefined
  if (count === 0) return []
  const first = Math.floor(base / 64) * 64
  const bytes = kernel.space.bytes(mask.at('bits'), Math.ceil((base + count - first) / 64) * 8)
  return cpusOf(bytes, 0, bytes.length, base + count - 1 - first)
    .map((bit) => first + bit)
    .filter((cid) => cid >= base)
}

/**
 * What a sub-scheduler may do on each CPU right now (scx_sched_pcpu.ecaps, in Linux 7.3): a CPU takes over what was granted
 * when it next picks a task, and nothing holds while it is offline. Undefined for the root, which may do everything
 * everywhere, and where that is not kept or cannot be read.
 */
export function readEffectiveCaps(
  context: SchedContext,
  sched: StructReader,
  where: string,
): readonly EffectiveCapability[] | undefined {
  const { kernel, problems } = context
  const layout = kernel.layouts.find('scx_sched_pcpu')
  if (layout?.has('ecaps') !== true) return undefined
  return problems.attempt(`${where}, ecaps`, () => {
    if (sched.number('level') === 0) return undefined
    const base = sched.pointer('pcpu')
    if (base === 0n) return undefined
    const words = possibleCpus(context).map((cpu) => ({
      cpu,
      word: kernel.struct('scx_sched_pcpu', kernel.cpus.address(base, cpu)).integer('ecaps'),
    }))
    const names = capNames(kernel)
    noteUnnamed(words, names, problems, where)
    return names.flatMap((name, cap) =>
      name === undefined
        ? []
        : [
            {
              name,
              cpus: words.filter(({ word }) => ((word >> BigInt(cap)) & 1n) !== 0n).map(({ cpu }) => cpu),
            },
          ],
    )
  })
}

function noteUnnamed(
  words: readonly { readonly cpu: number; readonly word: bigint }[],
  names: readonly string[],
  problems: Problems,
  where: string,
): void {
  const known = names.reduce((mask, _, cap) => mask | (1n << BigInt(cap)), 0n)
  for (const { cpu, word } of words)
    if ((word & ~known) !== 0n)
      problems.add(`${where}, ecaps`, `CPU ${cpu} has capabilities without a name: ${hex(word & ~known)}`)
}
