import type { Kernel } from '../../kernel/kernel.js'
import type { MapInfo } from '../map-info.js'

/**
 * Elements that the kernel itself counts: bpf_map.elem_count (include/linux/bpf.h), one signed counter for each CPU, which
 * are right in their sum only. Undefined where the map has none.
 */
export function elementCount(kernel: Kernel, map: MapInfo): bigint | undefined {
  const reader = kernel.struct('bpf_map', map.address)
  // Since 6.6.
  const counters = reader.has('elem_count') ? reader.pointer('elem_count') : 0n
  if (counters === 0n) return undefined
  const { cpus, space } = kernel
  return cpus.possible.reduce(
    (sum, cpu) => sum + BigInt.asIntN(64, space.u64(cpus.address(counters, cpu))),
    0n,
  )
}
