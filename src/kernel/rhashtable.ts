import { MemoryFault } from '../memory/fault.js'
import type { Kernel } from './kernel.js'
import { nodeLimit, type WalkEnd } from './lists.js'

/** Nested tables are for growth under memory pressure; sparse ones must not make us count to 2^31. */
const nestedLimit = 2 ** 24
const nestedShift = 9

/**
 * Entries of an rhashtable (include/linux/rhashtable.h, lib/rhashtable.c): addresses of their rhash_head. Follows the
 * tables of a resize in progress. Bit 0 of a bucket is its lock; a chain ends at an odd pointer. A chain that meets an
 * entry already seen ends there and the others go on: a resize links an entry into its new chain before it leaves the
 * old one.
 */
export function* rhashtableNodes(kernel: Kernel, address: bigint): Generator<bigint, WalkEnd> {
  const walk: Walk = { kernel, seen: new Set(), problem: undefined }
  const tables = new Set<bigint>()
  try {
    let table = kernel.struct('rhashtable', address).pointer('tbl')
    while (table !== 0n && !tables.has(table)) {
      tables.add(table)
      yield* tableNodes(walk, table)
      table = kernel.struct('bucket_table', table).pointer('future_tbl')
    }
    if (table !== 0n) walk.problem ??= `rhashtable grows into itself at 0x${table.toString(16)}`
  } catch (error) {
    if (!(error instanceof MemoryFault)) throw error
    walk.problem ??= `rhashtable breaks after ${walk.seen.size} entries: ${error.message}`
  }
  return { problem: walk.problem }
}

interface Walk {
  readonly kernel: Kernel
  readonly seen: Set<bigint>
  /** The first one; the walk goes on where it can. */
  problem: string | undefined
}

function* tableNodes(walk: Walk, address: bigint): Generator<bigint> {
  const { kernel } = walk
  const table = kernel.struct('bucket_table', address)
  const size = table.number('size')
  const nest = table.number('nest')
  const limit = nest === 0 ? memorySize(kernel) / 8 : nestedLimit
  if (size === 0 || size > limit) {
    walk.problem ??= `bucket_table has ${size} buckets, which cannot be`
    return
  }
  const first = table.at('buckets')
  for (let index = 0; index < size; index++) {
    const bucket = nest === 0 ? first + BigInt(index * 8) : nestedBucket(kernel, first, index, size, nest)
    if (bucket !== undefined) yield* chain(walk, kernel.space.u64(bucket) & ~1n)
  }
}

function* chain(walk: Walk, first: bigint): Generator<bigint> {
  const { kernel, seen } = walk
  let node = first
  while (node !== 0n && (node & 1n) === 0n) {
    if (seen.has(node)) {
      walk.problem ??= `rhashtable loops at 0x${node.toString(16)}`
      return
    }
    if (seen.size === nodeLimit) {
      walk.problem ??= `rhashtable has more than ${nodeLimit} entries`
      return
    }
    let next: bigint
    try {
      next = kernel.space.u64(node)
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      walk.problem ??= `rhashtable chain breaks: ${error.message}`
      return
    }
    seen.add(node)
    yield node
    node = next
  }
}

/** No table has more buckets than memory has words. */
function memorySize(kernel: Kernel): number {
  return kernel.memory.ranges.reduce((sum, range) => sum + range.length, 0)
}

/** __rht_bucket_nested: a tree of pages, the first level indexed by the low `nest` bits. */
function nestedBucket(
  kernel: Kernel,
  top: bigint,
  index: number,
  size: number,
  nest: number,
): bigint | undefined {
  let table = kernel.space.u64(top)
  if (table !== 0n) table = kernel.space.u64(table + BigInt((index % 2 ** nest) * 8))
  let rest = Math.floor(index / 2 ** nest)
  let remaining = Math.floor(size / 2 ** nest)
  while (table !== 0n && remaining > 2 ** nestedShift) {
    table = kernel.space.u64(table + BigInt((rest % 2 ** nestedShift) * 8))
    rest = Math.floor(rest / 2 ** nestedShift)
    remaining = Math.floor(remaining / 2 ** nestedShift)
  }
  return table === 0n ? undefined : table + BigInt(rest * 8)
}
