import type { KernelStack } from '../../sched/stack.js'
import type { Session } from '../../session/session.js'
import type { Vcpu } from '../../session/vcpu.js'
import { type Plain, plain } from '../plain.js'
import type { SectionNotes } from '../sections.js'

/** A vCPU: as `cryoscope vcpus --json` has it, and the kernel stack that it is on. */
export interface ReportVcpu {
  readonly cpu: number
  readonly rip: string
  readonly where: string | null
  readonly halted: boolean | null
  /** 0 in the kernel, 3 in user space. */
  readonly privilege: number
  readonly task: { readonly pid: number; readonly comm: string; readonly name: string } | null
  readonly registers: Readonly<Record<string, string>>
  /** Null in user space. */
  readonly stack: Plain<KernelStack> | null
}

export function readVcpus(vm: Session, notes: SectionNotes): ReportVcpu[] {
  const { vcpus } = vm
  notes.expected = vcpus.length
  return vcpus.flatMap((vcpu) => {
    const read = notes.attempt('vcpu', `cpu:${vcpu.cpu}`, () => vcpu.toJSON() as unknown as ReportVcpu)
    return read === undefined ? [] : [{ ...read, stack: stackOf(vcpu, notes) }]
  })
}

function stackOf(vcpu: Vcpu, notes: SectionNotes): ReportVcpu['stack'] {
  const stack = notes.attempt('stack', `cpu:${vcpu.cpu}`, () => vcpu.stack)
  if (stack === undefined) return null
  if (stack.problem !== undefined) notes.warn('stack', `cpu:${vcpu.cpu}`, stack.problem)
  return plain(stack)
}
