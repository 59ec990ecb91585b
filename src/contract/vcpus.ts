import type { CpuState } from '../session/cpus.js'
import type { Vcpu } from '../session/vcpu.js'
import { type Address, hexAddress } from './json.js'

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

export interface VcpuJson {
  /** What the engine numbers it by, or the place of its note. */
  readonly index: number
  /** Which of Linux's CPUs it is; null where nothing tells. */
  readonly cpu: number | null
  /** How that is known, or why not. */
  readonly evidence: readonly string[]
  readonly problem: string | null
  readonly rip: Address
  /** Symbol and offset; null in user code and where no kernel is found. */
  readonly where: string | null
  readonly halted: boolean | null
  /** 0 in the kernel, 3 in user space. */
  readonly privilege: number
  readonly task: { readonly pid: number; readonly comm: string; readonly name: string } | null
  readonly registers: Readonly<Record<string, Address>>
}

export function vcpuJson(vcpu: Vcpu): VcpuJson {
  const { index, cpu, identity, rip, where, halted, privilege, task, registers } = vcpu
  const known: Record<string, Address> = {}
  for (const [name, value] of Object.entries(registers))
    if (value !== undefined) known[name] = hexAddress(value)
  return {
    index,
    cpu: cpu ?? null,
    evidence: identity?.evidence ?? [],
    problem: identity?.problem ?? null,
    rip: hexAddress(rip),
    where: where ?? null,
    halted: halted ?? null,
    privilege,
    task: task === undefined ? null : { pid: task.pid, comm: task.comm, name: task.name },
    registers: known,
  }
}
