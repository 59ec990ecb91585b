import type { VcpuState, X86VcpuState } from '../../src/machine/registers.js'

/** The vCPUs, all of which must be those of an x86-64 guest. */
export function x86Vcpus(vcpus: readonly VcpuState[]): X86VcpuState[] {
  return vcpus.map((vcpu) => {
    if (vcpu.architecture !== 'amd64') throw new Error(`vCPU ${vcpu.cpu} is ${vcpu.architecture}`)
    return vcpu
  })
}
