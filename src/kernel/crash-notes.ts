import { quietly } from '../errors.js'
import { readNotes } from '../memory/notes.js'
import type { Kernel } from './kernel.js'

/** No note of a CPU is longer. */
const noteLimit = 4096

/**
 * The notes that a kernel made of its CPUs when it crashed, of those that it has one of (kernel/crash_core.c, crash_save_cpu). They
 * are in memory until the machine starts anew.
 */
export function crashNotes(
  kernel: Kernel,
): { readonly cpu: number; readonly note: ReturnType<typeof readNotes>['cpus'][number] }[] {
  const symbol = kernel.findSymbol('crash_notes')
  if (symbol === undefined) return []
  const { space, cpus } = kernel
  return cpus.possible.flatMap((cpu) => {
    const [note] =
      quietly(() => {
        const perCpu = space.u64(symbol)
        if (perCpu === 0n) return []
        const at = cpus.address(perCpu, cpu)
        const size = noteSize(space.bytes(at, 12))
        return size === 0 ? [] : readNotes([space.bytes(at, size)], space.format.architecture).cpus
      }) ?? []
    return note === undefined ? [] : [{ cpu, note }]
  })
}

/** Of a whole note by its header; 0 where there is none. */
function noteSize(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const size = 12 + Math.ceil(view.getUint32(0, true) / 4) * 4 + view.getUint32(4, true)
  return view.getUint32(0, true) === 0 || size > noteLimit ? 0 : size
}
