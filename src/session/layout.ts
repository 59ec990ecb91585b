import type { Physical } from '../brands.js'
import { CryoscopeError, quietly } from '../errors.js'
import { Kernel } from '../kernel/kernel.js'
import type { Dump } from '../memory/dump.js'
import { aroundHole } from '../memory/pci-hole.js'
import { parseLayout } from '../memory/raw-image.js'
import type { Segment } from '../memory/segmented.js'
import type { PhysicalMemory } from '../memory/types.js'

const gibibyte = 2 ** 30
const hole = 4 * gibibyte
/** Where the RAM below the hole may end (QEMU's max-ram-below-4g), tried where no kernel is found as the machine usually is. */
const usualEnds = [2, 3, 1, 0.5, 0.25].map((end) => end * gibibyte)

/** What a kernel says of the memory that it is found in. */
export interface Proof {
  readonly noteAt: Physical | undefined
  /** Where it takes memory to end (max_pfn); undefined where it does not say. */
  readonly memoryEnd: number | undefined
}

/** The kernel under this layout, and where it says that memory ends; undefined where none proves itself. */
export function proof(memory: PhysicalMemory): Proof | undefined {
  return quietly(() => {
    const kernel = Kernel.find(memory)
    const pages = kernel.findSymbol('max_pfn')
    const pageSize = Number(kernel.info.get('PAGESIZE') ?? 4096)
    const memoryEnd = pages === undefined ? undefined : Number(kernel.space.u64(pages)) * pageSize
    return { noteAt: kernel.info.physical, memoryEnd }
  })
}

/**
 * A dump whose RAM is one block, at the addresses that were stated, or that its kernel knows: RAM above 4 GiB ends where max_pfn
 * says, and the rest of the block is below the hole. Throws 'usage' for a stated layout of a dump that says itself where its memory is.
 */
export function laidOut(dump: Dump, stated: string | undefined): Dump {
  const { ram } = dump
  if (ram === undefined) {
    if (stated === undefined) return dump
    dump.memory.close()
    throw new CryoscopeError(
      'usage',
      `this dump (${dump.format}) says itself where its memory lies; leave --layout out`,
    )
  }
  if (stated !== undefined) {
    const { segments, size, isMore } = parseLayout(stated, ram.size)
    if (size > ram.size || isMore) {
      dump.memory.close()
      throw new CryoscopeError('usage', `the layout reaches beyond the ${ram.size} bytes of RAM of this dump`)
    }
    return { ...dump, memory: ram.lay(segments) }
  }
  if (dump.architecture !== 'x86_64') return dump
  const found = proof(dump.memory) ?? firstProof(ram.size, ram.lay)
  const segments = found?.memoryEnd === undefined ? undefined : layoutUpTo(ram.size, found.memoryEnd)
  if (found === undefined || segments === undefined) return dump
  const noteAt = found.noteAt
  if (sameText(segments, ram.segments)) return { ...dump, noteAt }
  const memory = ram.lay(segments)
  if (proof(memory)?.memoryEnd !== found.memoryEnd) return { ...dump, noteAt }
  return { ...dump, memory, format: `${dump.format}, RAM around a hole that begins at ${endText(segments)}` }
}

function firstProof(size: number, lay: (segments: readonly Segment[]) => PhysicalMemory): Proof | undefined {
  for (const end of usualEnds) {
    const found = end < size ? proof(lay(aroundHole(size, end))) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** RAM of that size when it ends there; undefined where it cannot. */
export function layoutUpTo(size: number, memoryEnd: number): readonly Segment[] | undefined {
  if (memoryEnd <= hole) return memoryEnd <= size ? aroundHole(size, size) : undefined
  const low = size - (memoryEnd - hole)
  return low > 0 && low <= hole ? aroundHole(size, low) : undefined
}

function sameText(a: readonly Segment[], b: readonly Segment[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function endText(segments: readonly Segment[]): string {
  return `0x${(segments[0]?.length ?? 0).toString(16)}`
}
