import { expectant } from '../../errors.js'
import { pageOf } from '../../memory/address-space.js'
import { MemoryFault } from '../../memory/fault.js'
import { missingPages } from '../../memory/missing-pages.js'
import { describeProblem } from '../../memory/types.js'
import type { Kernel } from '../kernel.js'

const pageSize = 4096

/** The eight bytes at an address, or why they cannot be read: what links of lists and trees are read with. */
export function wordAt(kernel: Kernel, address: bigint): bigint | string {
  try {
    return expectant(() => kernel.space.u64(BigInt.asUintN(64, address)))
  } catch (error) {
    if (error instanceof MemoryFault) return error.message
    throw error
  }
}

export interface Word {
  readonly index: number
  readonly value: bigint
  /** Where it lies. */
  readonly address: bigint
}

/**
 * The words (u64) of a table that are not 0. A hole is told once to `missing`, however many of them it takes: the first and
 * the last, and why.
 */
export function* usedWords(
  kernel: Kernel,
  table: bigint,
  count: number,
  missing: (first: number, last: number, why: string) => void,
  stride = 8,
): Generator<Word> {
  for (let index = 0; index < count; ) {
    const address = BigInt.asUintN(64, table + BigInt(index * stride))
    const within = Number(address & 0xfffn)
    const pages = Math.ceil((within + (count - index) * stride) / pageSize)
    const hole = missingPages(kernel.space, pageOf(address), pages)
    const inPages = Math.ceil((Math.max(1, hole) * pageSize - within) / stride)
    const length = Math.min(inPages, count - index)
    const result = kernel.space.read(address, hole > 0 ? 8 : (length - 1) * stride + 8)
    const view = new DataView(result.bytes.buffer, result.bytes.byteOffset, result.bytes.byteLength)
    let there = 0
    for (; there < length && there * stride + 8 <= view.byteLength; there++) {
      const value = view.getBigUint64(there * stride, true)
      if (value !== 0n) yield { index: index + there, value, address: address + BigInt(there * stride) }
    }
    if (!result.ok) missing(index + there, index + length - 1, describeProblem(result.problem))
    index += length
  }
}

/** "bucket 5", or "buckets 5 to 9". */
export function rangeText(what: string, first: number, last: number): string {
  return first === last ? `${what} ${first}` : `${what}s ${first} to ${last}`
}

/** No table of a kernel has more bytes than memory. */
export function memorySize(kernel: Kernel): number {
  return kernel.memory.ranges.reduce((sum, range) => sum + range.length, 0)
}

export function hex(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`
}
