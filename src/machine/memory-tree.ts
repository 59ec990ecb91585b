import { asFileOffset, asPhysical, type FileOffset, type Physical } from '../brands.js'
/** A run of guest-physical memory and where it lies in the file behind it. All in bytes. */
export interface RamRange {
  readonly physical: Physical
  readonly offset: FileOffset
  readonly length: number
}

/** The ranges of a memory backend, by its id. */
export type BackedRanges = ReadonlyMap<string, readonly RamRange[]>

const range =
  /^\s+([0-9a-f]{1,16})-([0-9a-f]{1,16}) \(prio -?\d+, (?:ram|rom|romd)\): (.*?)(?: @([0-9a-f]{1,16}))?(?: KVM)?\s*$/

/**
 * Reads `info mtree -f` (QEMU softmmu/memory.c): what the address space "memory" shows, by backend.
 * "rom" lines are write-protected views of the same backend and hold its bytes too.
 */
export function parseMemoryTree(text: string): BackedRanges {
  const backends = new Map<string, RamRange[]>()
  const views = text.split(/^(?=FlatView #)/m)
  const view = views.find((candidate) => /^ AS "memory", root:/m.test(candidate))
  for (const line of view?.split('\n') ?? []) {
    const [, from, to, name, at] = range.exec(line) ?? []
    if (from === undefined || to === undefined || name === undefined) continue
    const physical = asPhysical(Number.parseInt(from, 16))
    const length = Number.parseInt(to, 16) - physical + 1
    const offset = asFileOffset(at === undefined ? 0 : Number.parseInt(at, 16))
    if (!Number.isSafeInteger(physical + length) || !Number.isSafeInteger(offset + length) || length <= 0)
      continue
    const ranges = backends.get(name) ?? []
    backends.set(name, ranges)
    const last = ranges.at(-1)
    if (last && last.physical + last.length === physical && last.offset + last.length === offset) {
      ranges[ranges.length - 1] = { ...last, length: last.length + length }
    } else {
      ranges.push({ physical, offset, length })
    }
  }
  return backends
}
