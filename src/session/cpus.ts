import type { Kernel } from '../kernel/kernel.js'
import type { Vcpu } from './vcpu.js'

/** One possible CPU of a kernel. */
export interface CpuState {
  readonly cpu: number
  /** Undefined where its mask cannot be read. */
  readonly present: boolean | undefined
  /** It runs tasks; undefined where the mask cannot be read. */
  readonly online: boolean | undefined
  /** Undefined where the target has no registers of it. */
  readonly vcpu: Vcpu | undefined
}

/** Every possible CPU, with the vCPU that it is. */
export function cpuStates({ cpus }: Kernel, vcpus: readonly Vcpu[]): CpuState[] {
  const present = cpus.present && new Set(cpus.present)
  const online = cpus.online && new Set(cpus.online)
  const byCpu = new Map(vcpus.map((vcpu) => [vcpu.cpu, vcpu]))
  return cpus.possible.map((cpu) => ({
    cpu,
    present: present?.has(cpu),
    online: online?.has(cpu),
    vcpu: byCpu.get(cpu),
  }))
}

/** "CPU 1: offline, no registers". */
export function cpuText({ cpu, present, online, vcpu }: CpuState): string {
  const kind =
    online === true
      ? 'online'
      : present === false
        ? 'not present'
        : online === false
          ? 'offline'
          : 'state unknown'
  return `CPU ${cpu}: ${kind}${vcpu === undefined ? ', no registers' : ''}`
}

/**
 * What the kernel's masks and the registers of a target say of its CPUs that does not fit together, in sentences. Empty
 * where each online CPU has registers and each set of registers is known to be that of one. `isAlone` where no other kernel is
 * in memory.
 */
export function cpuProblems(kernel: Kernel, vcpus: readonly Vcpu[], isAlone: boolean): string[] {
  const { cpus } = kernel
  const { possible, present, online } = cpus
  const problems = [...cpus.problems.sentences]
  const outside = (
    name: string,
    set: readonly number[] | undefined,
    of: readonly number[] | undefined,
  ): void => {
    const known = new Set(of)
    const lost = of === undefined ? [] : (set ?? []).filter((cpu) => !known.has(cpu))
    if (lost.length > 0) problems.push(`CPUs: CPU ${lost.join(', ')} is ${name}`)
  }
  outside('present but not possible', present, possible)
  outside('online but not present', online, present ?? possible)
  for (const [name, mask] of [
    ['present', present],
    ['online', online],
  ] as const) {
    if (mask === undefined && kernel.findSymbol(`__cpu_${name}_mask`) !== undefined)
      problems.push(`CPUs: cpu_${name}_mask cannot be read`)
  }
  if (vcpus.length === 0) return problems
  for (const { index, identity } of vcpus) {
    // Registers of the other kernel are no loss of this one's.
    if (identity?.problem !== undefined && (isAlone || !identity.isForeign))
      problems.push(`vCPU ${index}: ${identity.problem}`)
  }
  const withRegisters = new Set(vcpus.map(({ cpu }) => cpu))
  const without = (online ?? []).filter((cpu) => !withRegisters.has(cpu))
  if (without.length > 0) {
    problems.push(`CPUs: CPU ${without.join(', ')} is online, and there are no registers of it`)
  }
  return problems
}
