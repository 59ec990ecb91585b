import { closeSync, openSync, readSync } from 'node:fs'
import { asFrame, asPhysical, type Frame, frameStart, type Physical } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { CachedMemory } from './frame-cache.js'
import type { PhysicalMemory, PhysicalRange } from './types.js'

/** A run of guest-physical memory and where a process has it. Lengths are bytes. */
export interface ProcessArea {
  readonly physical: Physical
  /** Virtual address in the process. */
  readonly address: number
  readonly length: number
}

const frameSize = 4096
/** /proc/PID/pagemap: one word per page (Documentation/admin-guide/mm/pagemap.rst). */
const pagemapWord = 8
const present = 0x80
const swapped = 0x40
const pagemapChunk = 2 ** 16

/**
 * Guest RAM that only its QEMU has: read through /proc/PID/mem, frame by frame, and copied. What was read is forgotten
 * by `invalidate`. Throws 'environment' when this user may not read that process.
 */
export function openProcessMemory(
  pid: number,
  areas: readonly ProcessArea[],
  description: string,
): PhysicalMemory {
  const sorted = [...areas].sort((a, b) => a.physical - b.physical)
  const fd = openMemory(pid)
  const first = sorted[0]
  try {
    // Opening may succeed where reading does not.
    if (first !== undefined) readSync(fd, Buffer.alloc(8), 0, 8, first.address)
  } catch (cause) {
    closeSync(fd)
    throw notAllowed(pid, cause)
  }
  const areaOf = (frame: Frame): ProcessArea | undefined => {
    const start = frameStart(frame)
    return sorted.find(({ physical, length }) => start >= physical && start + frameSize <= physical + length)
  }
  return new CachedMemory({
    description,
    blockSize: frameSize,
    changes: true,
    ranges: () => sorted.map(({ physical, length }) => ({ start: physical, length })),
    dataRanges: () => touchedRanges(pid, sorted),
    place: (block) => (areaOf(asFrame(block)) === undefined ? -1 : block),
    load(block, into) {
      const frame = asFrame(block)
      const area = areaOf(frame)
      if (area === undefined) return false
      try {
        return (
          readSync(fd, into, 0, frameSize, area.address + (frameStart(frame) - area.physical)) === frameSize
        )
      } catch {
        // The process ended, or took the memory away.
        return false
      }
    },
    close: () => closeSync(fd),
  })
}

function openMemory(pid: number): number {
  try {
    return openSync(`/proc/${pid}/mem`, 'r')
  } catch (cause) {
    throw notAllowed(pid, cause)
  }
}

function notAllowed(pid: number, cause: unknown): CryoscopeError {
  return new CryoscopeError(
    'environment',
    `may not read the memory of process ${pid}; run as root, or as its user with kernel.yama.ptrace_scope=0`,
    { cause },
  )
}

/** Parts that the process has pages for: reading the others would only give it pages of zeros. */
function touchedRanges(pid: number, areas: readonly ProcessArea[]): PhysicalRange[] {
  const all = areas.map(({ physical, length }) => ({ start: physical, length }))
  let fd: number
  try {
    fd = openSync(`/proc/${pid}/pagemap`, 'r')
  } catch {
    return all
  }
  const ranges: PhysicalRange[] = []
  const words = Buffer.alloc(pagemapChunk)
  try {
    for (const { physical, address, length } of areas) {
      const pages = Math.floor(length / frameSize)
      let start = -1
      for (let page = 0; page < pages; ) {
        const wanted = Math.min(words.length, (pages - page) * pagemapWord)
        const got = readSync(fd, words, 0, wanted, (address / frameSize + page) * pagemapWord)
        if (got < pagemapWord) break
        for (let at = 0; at + pagemapWord <= got; at += pagemapWord, page++) {
          const held = ((words[at + 7] as number) & (present | swapped)) !== 0
          if (held && start < 0) start = page
          if (!held && start >= 0) {
            ranges.push({
              start: asPhysical(physical + start * frameSize),
              length: (page - start) * frameSize,
            })
            start = -1
          }
        }
        if (page === pages && start >= 0) {
          ranges.push({
            start: asPhysical(physical + start * frameSize),
            length: (pages - start) * frameSize,
          })
        }
      }
    }
    return ranges
  } catch {
    return all
  } finally {
    closeSync(fd)
  }
}
