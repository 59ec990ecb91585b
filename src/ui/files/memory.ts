import { asFrame } from '../../brands.js'
import { hole } from '../../memory/frame-reader.js'
import type { PhysicalRange } from '../../memory/types.js'
import { coreOf } from '../../session/vmcore.js'
import { coreFrames, memoryFile } from './memory-file.js'
import type { Directory, File } from './node.js'
import { section } from './section.js'
import { textFile, type View } from './view.js'

export function memoryDirectory(view: View): Directory {
  return section({
    title: 'Memory',
    about: 'All memory of the guest, read where it lies: nothing is copied before somebody reads it.',
    commands: ['dump'],
    cache: view.cache,
    entries: () => [
      ['physical', physicalFile(view)],
      ['ranges.txt', textFile(view, 'which physical addresses the target holds', () => rangesText(view))],
      ['vmcore', vmcoreFile(view)],
    ],
  })
}

/**
 * Physical memory by its addresses. What lies between the RAM of a guest is no memory and reads as zeros; in a dump
 * nobody can tell that from a page that was left out, so there it is an error.
 */
function physicalFile({ session }: View): File {
  const { memory, control } = session.target
  const isHeld = heldBy(memory.ranges)
  return memoryFile(memory, {
    about:
      control === undefined
        ? 'physical memory by its addresses; reading what the dump does not hold (ranges.txt) fails'
        : 'physical memory by its addresses, sparse: what is no RAM (ranges.txt) reads as zeros',
    isOfOneStop: false,
    size: () => Math.max(0, ...memory.ranges.map(({ start, length }) => start + length)),
    allocated: () => memory.ranges.reduce((sum, { length }) => sum + length, 0),
    frameAt: () => (control === undefined ? asFrame : (page) => (isHeld(page) ? asFrame(page) : hole)),
    reason: (page) => `physical address 0x${(page * 4096).toString(16)} is not in this dump`,
  })
}

function heldBy(ranges: readonly PhysicalRange[]): (page: number) => boolean {
  return (page) => {
    const at = page * 4096
    return ranges.some(({ start, length }) => at + 4096 > start && at < start + length)
  }
}

function rangesText({ session }: View): string {
  return session.target.memory.ranges
    .map(({ start, length }) => {
      const [from, to] = [start, start + length - 1].map((at) => at.toString(16).padStart(16, '0'))
      return `${from}-${to} ${length} bytes\n`
    })
    .join('')
}

function vmcoreFile({ session }: View): File {
  const layout = () => coreOf(session)
  let made: ReturnType<typeof layout> | undefined
  const core = () => {
    made ??= layout()
    return made
  }
  return memoryFile(session.target.memory, {
    about:
      'an ELF core made on the fly, with registers and VMCOREINFO: crash, drgn, gdb and cryoscope open it',
    isOfOneStop: true,
    size: () => core().size,
    head: () => core().head,
    frameAt: () => coreFrames(core()),
    reason: (page) => `page ${page} of the core is memory that cannot be read`,
  })
}
