import type { Physical } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { parseMemoryTree, type RamRange } from './memory-tree.js'
import type { QmpClient } from './qmp.js'
import { isFlag, isText, listOf, optional, recordOf } from './qmp-shape.js'

/** A block of memory of QEMU that is the guest's RAM. */
export interface RamBlock {
  readonly name: string
  readonly ranges: readonly RamRange[]
  /** Others can map it: it is a file that QEMU shares. */
  readonly isShared: boolean
}

const backends = listOf(recordOf({ id: optional(isText), share: optional(isFlag) }))

/**
 * The blocks that make up the guest's RAM: every memory backend that is plugged (of NUMA nodes, of DIMMs), and the largest block
 * of a machine that has none. Memory of devices (video, firmware) is none of it.
 */
export async function ramBlocks(qmp: QmpClient): Promise<RamBlock[]> {
  // Asked at once: one way to QEMU and back less.
  const [text, known] = await Promise.all([qmp.monitor('info mtree -f'), qmp.ask('query-memdev', backends)])
  const tree = parseMemoryTree(text)
  const shared = new Map(known.map(({ id, share }) => [id, share === true]))
  const total = (ranges: readonly RamRange[]): number => ranges.reduce((sum, { length }) => sum + length, 0)
  const bySize = [...tree].sort((a, b) => total(b[1]) - total(a[1]))
  const [largest] = bySize
  if (largest === undefined) {
    throw new CryoscopeError('guest', 'QEMU tells of no RAM in its memory tree (info mtree -f)')
  }
  return bySize
    .filter(([name]) => shared.has(name) || name === largest[0])
    .map(([name, ranges]) => ({ name, ranges, isShared: shared.get(name) === true }))
}

/** Where QEMU's process has a run of a block (gpa2hva), by the first range of it that QEMU tells. */
export async function hostAddress(
  qmp: QmpClient,
  { name, ranges }: RamBlock,
): Promise<{ readonly address: number; readonly offset: number } | undefined> {
  for (const { physical, offset } of ranges) {
    const address = await addressOf(qmp, name, physical)
    if (address !== undefined) return { address, offset }
  }
  return undefined
}

/** Undefined where a view of the block is covered by another device by now. */
export async function addressOf(
  qmp: QmpClient,
  name: string,
  physical: Physical,
): Promise<number | undefined> {
  const words = await qmp.monitor(`gpa2hva 0x${physical.toString(16)}`)
  const [, block, address] = /\((.*?)\) is 0x([0-9a-f]{1,13})/.exec(words) ?? []
  return address === undefined || block !== name ? undefined : Number.parseInt(address, 16)
}
