import { hexAddress } from '../contract/json.js'
import { CryoscopeError, quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { endOfRam, missingRam } from '../kernel/system-ram.js'
import { percent } from '../memory/cut.js'
import type { PhysicalMemory } from '../memory/types.js'
import { sizeText } from '../units.js'

/** What a dump lacks of the RAM that its kernel says it has, in a sentence; undefined where that is nothing, or nothing tells. */
export function missingRamText(kernel: Kernel, memory: PhysicalMemory): string | undefined {
  const rest = 'was left out or has not come'
  try {
    const found = missingRam(kernel, memory)
    if (found === undefined) return undefined
    const { total, missing, first } = found
    return `the kernel has ${sizeText(total)} of RAM, of which this dump holds ${percent(total - missing, total)}: the rest, from ${hex(first)} on, ${rest}`
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    // Part of the tree is missing itself: it mostly lies at the end of memory.
    const end = quietly(() => endOfRam(kernel))
    const held = memory.ranges.reduce((most, { start, length }) => Math.max(most, start + length), 0)
    return end === undefined || end <= held
      ? undefined
      : `the kernel knows RAM up to ${hex(end)}, and this dump ends at ${hex(held)}: what lies above ${rest}, unless it was unplugged`
  }
}

function hex(address: number): string {
  return hexAddress(BigInt(address))
}
