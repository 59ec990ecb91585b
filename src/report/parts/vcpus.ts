import { type StackJson, stackJson } from '../../contract/stacks.js'
import type { VcpuJson } from '../../contract/vcpus.js'
import type { Session } from '../../session/session.js'
import type { Vcpu } from '../../session/vcpu.js'
import type { SectionNotes } from '../sections.js'

/** A vCPU: as `cryoscope vcpus --json` has it, and the kernel stack that it is on. */
export interface ReportVcpu extends VcpuJson {
  /** Null in user space. */
  readonly stack: StackJson | null
}

export function readVcpus(vm: Session, notes: SectionNotes): ReportVcpu[] {
  const { vcpus } = vm
  notes.expected = vcpus.length
  return vcpus.flatMap((vcpu) => {
    const read = notes.attempt('vcpu', subjectOf(vcpu), () => vcpu.toJSON())
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
  return stackJson(stack)
}
