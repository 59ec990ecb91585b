import type { KernelStack } from '../../sched/stack.js'
import type { Session } from '../../session/session.js'
import type { Vcpu } from '../../session/vcpu.js'
import { type Plain, plain } from '../plain.js'
import type { SectionNotes } from '../sections.js'

/** A vCPU: as `cryoscope vcpus --json` has it, and the kernel stack that it is on. */
export interface ReportVcpu {
  /** What the engine numbers it by, or the place of its note. */
  readonly index: number
  /** Which of Linux's CPUs it is; null where nothing tells. */
  readonly cpu: number | null
  /** How that is known, or why not. */
  readonly evidence: readonly string[]
  readonly problem: string | null
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
    const read = notes.attempt('vcpu', subjectOf(vcpu), () => vcpu.toJSON() as unknown as ReportVcpu)
    return read === undefined ? [] : [{ ...read, stack: stackOf(vcpu, notes) }]
  })
}

/** "cpu:3", the id of the CPU in a report; "vcpu:4" where it is not known which it is. */
function subjectOf({ cpu, index }: Vcpu): string {
  return cpu === undefined ? `vcpu:${index}` : `cpu:${cpu}`
}

function stackOf(vcpu: Vcpu, notes: SectionNotes): ReportVcpu['stack'] {
  const stack = notes.attempt('stack', subjectOf(vcpu), () => vcpu.stack)
  if (stack === undefined) return null
  if (stack.problem !== undefined) notes.warn('stack', subjectOf(vcpu), stack.problem)
  return plain(stack)
}
