import { asPhysical } from '../brands.js'
import type { Kernel } from '../kernel/kernel.js'
import { type CoreLayout, type CoreNote, type CoreSegment, layOutCore } from '../memory/core-layout.js'
import { prstatusNote, qemuNote, vmcoreinfoNote } from '../memory/core-notes.js'
import type { PhysicalRange } from '../memory/types.js'
import type { Session } from './session.js'
import type { Vcpu } from './vcpu.js'

/**
 * What a session looks at as an ELF core that crash, drgn, gdb and `open` read: all of its memory, or the given ranges
 * of it (whole frames). The guest must stand still.
 */
export function coreOf(session: Session, ranges = wholeFrames(session.target.memory.ranges)): CoreLayout {
  const { kernel } = session
  const { architecture } = kernel.space.format
  const notes = [...coreNotes(session), vmcoreinfoNote(kernel.info.text)]
  const base = directMap(kernel)
  const segments = ranges.map(
    ({ start, length }): CoreSegment => ({
      physical: start,
      length,
      ...(base === undefined ? {} : { virtual: base + BigInt(start) }),
    }),
  )
  const machine = architecture === 'aarch64' ? 183 : 62
  return layOutCore({ notes, segments, views: kernelImage(kernel), machine })
}

/** Registers of every vCPU, in the order of Linux's CPUs: readers such as crash take the first note for that of CPU 0. */
export function coreNotes({ kernel, vcpus }: Session): CoreNote[] {
  const { architecture } = kernel.space.format
  // Those that are not known come last, as they came.
  const place = ({ cpu }: Vcpu): number => cpu ?? Number.MAX_SAFE_INTEGER
  const ordered = [...vcpus].sort((a, b) => place(a) - place(b))
  return [
    ...ordered.map(({ registers }, i) => prstatusNote(registers, i + 1, architecture)),
    ...(architecture === 'x86_64' ? ordered.map((vcpu) => qemuNote(vcpu.registers, vcpu.tables)) : []),
  ]
}

/** A frame that a source holds in part cannot be read. */
export function wholeFrames(ranges: readonly PhysicalRange[]): PhysicalRange[] {
  return ranges.flatMap(({ start, length }) => {
    const first = asPhysical(Math.ceil(start / 4096) * 4096)
    const end = Math.floor((start + length) / 4096) * 4096
    return end > first ? [{ start: first, length: end - first }] : []
  })
}

/**
 * Where the kernel maps physical address 0 (Documentation/arch/x86/x86_64/mm.rst; arch/arm64/include/asm/memory.h, whose
 * map begins with the first memory there is); KASLR moves it.
 */
function directMap(kernel: Kernel): bigint | undefined {
  const first = kernel.info.number('PHYS_OFFSET')
  const bits = kernel.info.number('VA_BITS')
  if (first !== undefined && bits !== undefined) return BigInt.asUintN(64, -(1n << bits) - first)
  const variable = kernel.findSymbol('page_offset_base')
  return variable === undefined ? undefined : kernel.space.u64(variable)
}

/** Text and data of the image, at the addresses that symbols have; it is one run of physical memory. */
function kernelImage(kernel: Kernel): Required<CoreSegment>[] {
  const start = kernel.findSymbol('_text') ?? kernel.findSymbol('_stext')
  const end = kernel.findSymbol('_end')
  if (start === undefined || end === undefined || end <= start) return []
  const place = kernel.space.translate(start)
  if ('problem' in place) return []
  return [{ physical: place.physical, length: Number(end - start), virtual: start }]
}
