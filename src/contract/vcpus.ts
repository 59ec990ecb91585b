import type { CpuState } from '../session/cpus.js'

/** A possible CPU of which there are no registers, in the shape of the vCPUs that have some. */
export interface CpuJson {
  readonly index: null
  readonly cpu: number
  readonly evidence: readonly string[]
  readonly problem: null
  /** Null where the kernel's mask cannot be read. */
  readonly present: boolean | null
  readonly online: boolean | null
  readonly rip: null
  readonly where: null
  readonly halted: null
  readonly privilege: null
  readonly task: null
  readonly registers: null
}

export function cpuJson({ cpu, present, online }: CpuState): CpuJson {
  return {
    index: null,
    cpu,
    evidence: [],
    problem: null,
    present: present ?? null,
    online: online ?? null,
    rip: null,
    where: null,
    halted: null,
    privilege: null,
    task: null,
    registers: null,
  }
}
