import { CryoscopeError, quietly } from '../errors.js'
import { MemoryFault } from '../memory/fault.js'
import { Problems } from '../problems.js'
import type { Kernel } from './kernel.js'

/** NR_CPUS of any distribution kernel stays below this. */
const mostCpus = 65_536

/** NR_CPUS: bits of a struct cpumask. Behind the masks of few CPUs there is something else, which counts as many. */
function cpuLimit(kernel: Kernel, count: number): number {
  // The least that a mask has; that there are few is no question for the kernel's types.
  if (count <= 64) return 64
  const size = quietly(() => kernel.layouts.find('cpumask')?.size) ?? 0
  return size === 0 ? mostCpus : Math.min(mostCpus, size * 8)
}

/** CPUs of the kernel and where their per-CPU memory is (include/asm-generic/percpu.h). */
export class Cpus {
  /** nr_cpu_ids: one more than the highest possible CPU. */
  readonly count: number
  /** CPU numbers in cpu_possible_mask, ascending. */
  readonly possible: readonly number[]
  /** What cpu_possible_mask, nr_cpu_ids and the per-CPU offsets say that cannot be. */
  readonly problems = new Problems()
  readonly #kernel: Kernel
  readonly #offsets = new Map<number, bigint>()
  readonly #unreadable = new Map<number, MemoryFault>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    if (isWithoutSmp(kernel)) {
      this.count = 1
      this.possible = [0]
      this.#offsets.set(0, 0n)
      return
    }
    this.count = kernel.space.u32(kernel.symbol('nr_cpu_ids'))
    if (this.count === 0 || this.count > cpuLimit(kernel, this.count)) {
      throw new CryoscopeError('unreadable', `nr_cpu_ids is ${this.count}, which cannot be`)
    }
    const mask = kernel.space.bytes(kernel.symbol('__cpu_possible_mask'), Math.ceil(this.count / 64) * 8)
    const set = cpusIn(mask)
    const beyond = set.filter((cpu) => cpu >= this.count)
    this.possible = set.filter((cpu) => cpu < this.count)
    if (beyond.length > 0)
      this.problems.add(
        'CPUs',
        `cpu_possible_mask has CPU ${beyond.join(', ')}, but nr_cpu_ids is ${this.count}`,
      )
    const offsets = kernel.symbol('__per_cpu_offset')
    for (const cpu of this.possible) {
      try {
        this.#offsets.set(cpu, kernel.space.u64(offsets + BigInt(cpu * 8)))
      } catch (error) {
        if (!(error instanceof MemoryFault)) throw error
        this.#unreadable.set(cpu, error)
        this.problems.add('CPUs', `per-CPU memory of CPU ${cpu}: ${error.message}`)
      }
    }
  }

  /** CPUs that the machine has, ascending; undefined where the mask cannot be read. They come and go while the guest runs. */
  get present(): readonly number[] | undefined {
    return this.#mask('__cpu_present_mask')
  }

  /** CPUs that run tasks, ascending; undefined where the mask cannot be read. */
  get online(): readonly number[] | undefined {
    return this.#mask('__cpu_online_mask')
  }

  #mask(name: string): readonly number[] | undefined {
    const at = this.#kernel.findSymbol(name)
    if (at === undefined) return undefined
    return quietly(() => cpusIn(this.#kernel.space.bytes(at, Math.ceil(this.count / 64) * 8)))
  }

  /** __per_cpu_offset of a CPU: what is added to the address of a per-CPU variable. Undefined where it cannot be read. */
  offset(cpu: number): bigint | undefined {
    return this.#offsets.get(cpu)
  }

  /** Address of a per-CPU variable or allocation for one CPU. */
  address(perCpu: bigint, cpu: number): bigint {
    const offset = this.#offsets.get(cpu)
    if (offset !== undefined) return BigInt.asUintN(64, perCpu + offset)
    const fault = this.#unreadable.get(cpu)
    if (fault !== undefined) throw fault
    throw new CryoscopeError('not-found', `there is no CPU ${cpu}; CPUs are ${this.possible.join(', ')}`)
  }
}

/**
 * Kernels without SMP have one CPU, number 0, and its variables where their symbols say (include/linux/cpumask.h,
 * include/asm-generic/percpu.h): of both symbols there is none, and of the mask there is one.
 */
function isWithoutSmp(kernel: Kernel): boolean {
  const has = (name: string): boolean => kernel.findSymbol(name) !== undefined
  return !has('nr_cpu_ids') && !has('__per_cpu_offset') && has('__cpu_possible_mask')
}

/** Numbers of the bits that are set in a cpumask. */
function cpusIn(mask: Uint8Array): number[] {
  const cpus: number[] = []
  for (const [i, byte] of mask.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (1 << bit)) !== 0) cpus.push(i * 8 + bit)
    }
  }
  return cpus
}
