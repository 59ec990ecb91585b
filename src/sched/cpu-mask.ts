import { strip } from '../btf/layout.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Layout } from '../kernel/struct-reader.js'
import { cpusOf, highestCpu } from '../value/mask.js'

/** CPUs in a mask at an address, as far as this machine has CPUs. */
export function readMask(kernel: Kernel, address: bigint): number[] {
  const highest = highestCpu(kernel.cpus.possible)
  const length = (Math.floor(highest / 64) + 1) * 8
  return cpusOf(kernel.space.bytes(address, length), 0, length, highest)
}

/** The same of a member: cpumask_var_t is a pointer on large configurations, and an array of one on small ones. */
export function readMaskAt(
  kernel: Kernel,
  layout: Layout,
  address: bigint,
  member: string,
): number[] | undefined {
  const place = layout.place(member)
  const at = address + BigInt(place.offset)
  if (strip(place.type).kind !== 'pointer') return readMask(kernel, at)
  const pointer = kernel.space.u64(at)
  return pointer === 0n ? undefined : readMask(kernel, pointer)
}
