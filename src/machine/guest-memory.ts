import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { parseMemoryTree, type RamRange } from './memory-tree.js'
import type { QmpClient } from './qmp.js'
import { runtimeDirectory } from './runtime-directory.js'

/** Guest RAM in QEMU's own address space. */
export interface ProcessRam {
  readonly pid: number
  readonly areas: readonly { readonly physical: number; readonly address: number; readonly length: number }[]
}

/** RAM that was copied to a file. */
export interface CopiedRam {
  readonly path: string
  readonly ranges: readonly RamRange[]
  readonly bytes: number
  /** Removes the copy. */
  readonly remove: () => void
}

/** The largest block of RAM in QEMU's memory tree: the guest's main memory. */
async function mainMemory(qmp: QmpClient): Promise<{ name: string; ranges: readonly RamRange[] }> {
  const blocks = [...parseMemoryTree(await qmp.monitor('info mtree -f'))]
  const total = (ranges: readonly RamRange[]): number => ranges.reduce((sum, { length }) => sum + length, 0)
  const [largest] = blocks.sort((a, b) => total(b[1]) - total(a[1]))
  if (largest === undefined) {
    throw new CryoscopeError('guest', 'QEMU tells of no RAM in its memory tree (info mtree -f)')
  }
  return { name: largest[0], ranges: largest[1] }
}

/** Asks QEMU where its process has the guest's RAM (gpa2hva). */
export async function findProcessRam(qmp: QmpClient, pid: number): Promise<ProcessRam> {
  const { name, ranges } = await mainMemory(qmp)
  const areas: { physical: number; address: number; length: number }[] = []
  for (const { physical, length } of ranges) {
    const words = await qmp.monitor(`gpa2hva 0x${physical.toString(16)}`)
    const [, block, address] = /\((.*?)\) is 0x([0-9a-f]{1,13})/.exec(words) ?? []
    // A view of the block that another device covers by now is left out.
    if (address === undefined || block !== name) continue
    areas.push({ physical, address: Number.parseInt(address, 16), length })
  }
  if (areas.length === 0) {
    throw new CryoscopeError(
      'guest',
      `QEMU does not say where RAM block ${escapeText(name)} lies in its memory`,
    )
  }
  return { pid, areas }
}

/**
 * Has QEMU write the guest's RAM to files that only this user reads (pmemsave): the last resort, for it copies
 * everything. QEMU must run as this user.
 */
export async function copyRam(qmp: QmpClient): Promise<CopiedRam> {
  const { ranges } = await mainMemory(qmp)
  const directory = mkdtempSync(join(runtimeDirectory(), '.copy-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const path = join(directory, 'ram')
    // QEMU would make it readable for others.
    writeFileSync(path, '', { mode: 0o600 })
    const copied: RamRange[] = []
    const last = ranges.reduce((end, { physical, length }) => Math.max(end, physical + length), 0)
    // One file from address 0 on; what is between the ranges reads as zeros there and is left out.
    await qmp.execute('pmemsave', { val: 0, size: last, filename: path }, { timeoutMs: 600_000 })
    for (const { physical, length } of ranges) copied.push({ physical, offset: physical, length })
    return { path, ranges: copied, bytes: last, remove }
  } catch (error) {
    remove()
    throw error
  }
}
