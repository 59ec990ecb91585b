import { CryoscopeError } from '../errors.js'
import type { Kernel } from './kernel.js'

/** NR_CPUS of any distribution kernel stays below this. */
const cpuLimit = 65_536

/** CPUs of the kernel and where their per-CPU memory is (include/asm-generic/percpu.h). */
export class Cpus {
  /** CPU numbers in cpu_possible_mask, ascending. */
  readonly possible: readonly number[]
  readonly #offsets = new Map<number, bigint>()

  constructor(kernel: Kernel) {
    const count = kernel.space.u32(kernel.symbol('nr_cpu_ids'))
    if (count === 0 || count > cpuLimit) {
      throw new CryoscopeError('unreadable', `nr_cpu_ids is ${count}, which cannot be`)
    }
    const mask = kernel.space.bytes(kernel.symbol('__cpu_possible_mask'), Math.ceil(count / 64) * 8)
    const offsets = kernel.symbol('__per_cpu_offset')
    const possible: number[] = []
    for (let cpu = 0; cpu < count; cpu++) {
      if (((mask[cpu >> 3] as number) & (1 << (cpu & 7))) === 0) continue
      possible.push(cpu)
      this.#offsets.set(cpu, kernel.space.u64(offsets + BigInt(cpu * 8)))
    }
    this.possible = possible
  }

  /** Address of a per-CPU variable or allocation for one CPU. */
  address(perCpu: bigint, cpu: number): bigint {
    const offset = this.#offsets.get(cpu)
    if (offset === undefined) {
      throw new CryoscopeError('not-found', `there is no CPU ${cpu}; CPUs are ${this.possible.join(', ')}`)
    }
    return BigInt.asUintN(64, perCpu + offset)
  }
}
