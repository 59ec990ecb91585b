import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asFileOffset, type Physical } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { RamRange } from './memory-tree.js'
import type { QmpClient } from './qmp.js'
import { addressOf, ramBlocks } from './ram-blocks.js'
import { runtimeDirectory } from './runtime-directory.js'

/** Guest RAM in QEMU's own address space. */
export interface ProcessRam {
  readonly pid: number
  readonly areas: readonly {
    readonly physical: Physical
    readonly address: number
    readonly length: number
  }[]
  /** RAM of which QEMU does not say where it is, in sentences. */
  readonly problems: readonly string[]
}

/** RAM that was copied to files, a file for each run of it. */
export interface CopiedRam {
  readonly parts: readonly { readonly path: string; readonly ranges: readonly RamRange[] }[]
  readonly bytes: number
  /** Removes the copy. */
  readonly remove: () => void
}

/** Asks QEMU where its process has the guest's RAM (gpa2hva). */
export async function findProcessRam(qmp: QmpClient, pid: number): Promise<ProcessRam> {
  const areas: { physical: Physical; address: number; length: number }[] = []
  const problems: string[] = []
  for (const { name, ranges } of await ramBlocks(qmp)) {
    const before = areas.length
    for (const { physical, length } of ranges) {
      const address = await addressOf(qmp, name, physical)
      if (address !== undefined) areas.push({ physical, address, length })
    }
    if (areas.length === before)
      problems.push(`QEMU does not say where RAM block ${escapeText(name)} lies in its memory: it is missing`)
  }
  if (areas.length === 0) throw new CryoscopeError('guest', problems.join('; '))
  return { pid, areas, problems }
}

/**
 * Has QEMU write the guest's RAM to files that only this user reads (pmemsave): the last resort, for it copies
 * everything. QEMU must run as this user.
 */
export async function copyRam(qmp: QmpClient): Promise<CopiedRam> {
  const blocks = await ramBlocks(qmp)
  const directory = mkdtempSync(join(runtimeDirectory(), '.copy-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const parts: { path: string; ranges: readonly RamRange[] }[] = []
    let bytes = 0
    for (const { physical, length } of blocks.flatMap(({ ranges }) => ranges)) {
      const path = join(directory, `ram-${parts.length}`)
      // QEMU would make it readable for others.
      writeFileSync(path, '', { mode: 0o600 })
      await qmp.execute('pmemsave', { val: physical, size: length, filename: path }, { timeoutMs: 600_000 })
      parts.push({ path, ranges: [{ physical, offset: asFileOffset(0), length }] })
      bytes += length
    }
    return { parts, bytes, remove }
  } catch (error) {
    remove()
    throw error
  }
}
