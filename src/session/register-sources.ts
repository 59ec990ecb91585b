import { quietly } from '../errors.js'
import { identifyCpus } from '../kernel/cpu-identity.js'
import type { OtherKernel } from '../kernel/cpu-signs.js'
import { crashNotes } from '../kernel/crash-notes.js'
import type { Kernel } from '../kernel/kernel.js'
import type { KernelInMemory } from '../kernel/kernels.js'
import type { CpuNote } from '../memory/dump.js'
import type { VcpuSource } from './vcpu.js'

/**
 * The registers of a target as those of the chosen kernel. While a capture kernel runs, its CPUs have other registers than
 * those that crashed: of these the crashed kernel kept a note in memory, which stands for them then.
 */
export function registerSources(
  sources: readonly VcpuSource[],
  kernel: Kernel,
  kernels: readonly KernelInMemory[],
): readonly VcpuSource[] {
  if (kernels.find((each) => each.kernel === kernel)?.role !== 'crashed') return sources
  return (
    quietly(() => {
      const identities = identifyCpus(kernel, sources, kernelBeside(kernel, kernels))
      const known = new Set(identities.map(({ cpu }) => cpu))
      const kept = crashNotes(kernel).filter(({ cpu }) => !known.has(cpu))
      return sources.map((source, i) => {
        if (identities[i]?.isForeign !== true) return source
        const note = kept.shift()
        return note === undefined
          ? source
          : { ...fromNote(note.note, source.index), origin: 'its processor runs the capture kernel by now' }
      })
    }) ?? sources
  )
}

/** The other one of two kernels, of which one crashed. */
export function kernelBeside(kernel: Kernel, kernels: readonly KernelInMemory[]): OtherKernel | undefined {
  const own = kernels.find((each) => each.kernel === kernel)
  const other = kernels.find((each) => each.kernel !== kernel)
  if (other === undefined || (own?.role !== 'crashed' && own?.role !== 'capture')) return undefined
  return { kernel: other.kernel, hasReplaced: own.role === 'crashed' }
}

/** A note of a dump as the registers of a vCPU. */
export function fromNote({ registers: all, pid, tables }: CpuNote, index: number): VcpuSource {
  const { kernel_gs_base, orig_rax, ...registers } = all
  const { pstate, cs = 0n } = all
  if (pstate !== undefined) {
    // Bits 3 and 2 are the exception level: 0 is user code.
    return { index, registers, halted: undefined, privilege: (pstate & 0xcn) === 0n ? 3 : 0, pid }
  }
  return {
    index,
    registers: { ...registers, k_gs_base: kernel_gs_base },
    halted: undefined,
    privilege: Number(cs & 3n),
    pid,
    tables,
  }
}
