import { MemoryFault } from '../../memory/fault.js'
import type { Kernel } from '../kernel.js'

/** The eight bytes at an address, or why they cannot be read: what links of lists and trees are read with. */
export function wordAt(kernel: Kernel, address: bigint): bigint | string {
  try {
    return kernel.space.u64(BigInt.asUintN(64, address))
  } catch (error) {
    if (error instanceof MemoryFault) return error.message
    throw error
  }
}

/** No table of a kernel has more bytes than memory. */
export function memorySize(kernel: Kernel): number {
  return kernel.memory.ranges.reduce((sum, range) => sum + range.length, 0)
}

export function hex(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`
}
