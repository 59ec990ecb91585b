import { memberAt, sizeOf, strip } from '../btf/layout.js'
import type { StructType } from '../btf/types.js'

/**
 * Structs that are sets of CPUs, and where their bits are: include/linux/cpumask_types.h, kernel/bpf/cpumask.c,
 * and what schedulers in tools/sched_ext and the scx repository call theirs.
 */
const masks: Readonly<Record<string, readonly string[]>> = {
  cpumask: ['bits'],
  bpf_cpumask: ['cpumask.bits'],
  scx_bitmap: ['bits'],
  llc_cpumask: ['bits', 'cpumask.bits'],
}

/** Where the bits of a cpumask struct lie, in bytes; undefined for every other struct. */
export function maskOf(struct: StructType): { start: number; length: number } | undefined {
  if (!Object.hasOwn(masks, struct.name)) return undefined
  for (const path of masks[struct.name] ?? []) {
    const place = memberAt(struct, path)
    if (place === undefined || place.bitSize !== 0) continue
    const bits = strip(place.type)
    if (bits.kind !== 'array') continue
    const element = strip(bits.element)
    const length = sizeOf(bits) ?? 0
    if (element.kind !== 'int' || element.size !== 8) continue
    if (length > 0 && place.offset + length <= struct.size) return { start: place.offset, length }
  }
  return undefined
}

/** Bytes of a cpumask that count on a machine whose highest CPU number is `highest`. */
export function maskLength(length: number, highest: number): number {
  return Math.min(length, Math.ceil((highest + 1) / 64) * 8)
}

/** The CPUs whose bits are set, up to `highest`. */
export function cpusOf(bytes: Uint8Array, start: number, length: number, highest: number): number[] {
  const cpus: number[] = []
  const end = Math.min(length * 8, highest + 1)
  for (let cpu = 0; cpu < end; cpu++) {
    if ((((bytes[start + (cpu >> 3)] as number) >> (cpu & 7)) & 1) === 1) cpus.push(cpu)
  }
  return cpus
}

/** CPU numbers as the kernel lists them: "0-3,5", and "" for none. */
export function cpuList(cpus: readonly number[]): string {
  const ranges: string[] = []
  for (let i = 0; i < cpus.length; ) {
    const first = cpus[i] as number
    let last = first
    while (cpus[i + 1] === last + 1) {
      last++
      i++
    }
    i++
    ranges.push(first === last ? `${first}` : `${first}-${last}`)
  }
  return ranges.join(',')
}

/** The highest of the CPU numbers; without any, nothing is known to limit a mask. */
export function highestCpu(cpus: readonly number[]): number {
  return cpus.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...cpus)
}
