import type { Kernel } from '../kernel/kernel.js'

/** "fair" for the address of fair_sched_class; undefined for what is no scheduling class. */
export function classOf(kernel: Kernel, address: bigint): string | undefined {
  const symbol = kernel.symbols.lookupAddress(address)
  if (symbol === undefined || symbol.address !== address) return undefined
  return /^(\w+)_sched_class$/.exec(symbol.name)?.[1]
}

/** include/uapi/linux/sched.h; policies are #defines, which BTF does not have. */
const policies: Readonly<Record<number, string>> = {
  0: 'NORMAL',
  1: 'FIFO',
  2: 'RR',
  3: 'BATCH',
  5: 'IDLE',
  6: 'DEADLINE',
  7: 'EXT',
}

export function policyName(policy: number): string {
  return policies[policy] ?? String(policy)
}
