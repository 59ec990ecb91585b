import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { nodeLimit } from './list.js'
import { hex, memorySize, wordAt } from './word.js'

/** Nested tables are for growth under memory pressure; sparse ones must not make us count to 2^31. */
const nestedLimit = 2 ** 24
const nestedShift = 9
const pageSize = 4096

/**
 * Entries of an rhashtable (include/linux/rhashtable.h, lib/rhashtable.c): addresses of their rhash_head. Follows the
 * tables of a resize in progress. Bit 0 of a bucket is its lock; a chain ends at an odd pointer. A chain that meets an
 * entry already seen ends there and the others go on: a resize links an entry into its new chain before it leaves the
 * old one. What falls short is a problem of `where`.
 */
export function* rhashtableNodes(
  kernel: Kernel,
  address: bigint,
  problems: Problems,
  where = `rhashtable at ${hex(address)}`,
): Generator<bigint> {
  const walk: Walk = { kernel, seen: new Set(), say: (why) => problems.add(where, why) }
  const future = BigInt(kernel.layouts.get('bucket_table').offset('future_tbl'))
  const tables = new Set<bigint>()
  let table = wordAt(kernel, address + BigInt(kernel.layouts.get('rhashtable').offset('tbl')))
  while (table !== 0n) {
    if (typeof table === 'string') return breaks(walk, table)
    if (tables.has(table)) return walk.say(`rhashtable grows into itself at ${hex(table)}`)
    tables.add(table)
    yield* tableNodes(walk, table)
    table = wordAt(kernel, table + future)
  }
}

interface Walk {
  readonly kernel: Kernel
  readonly seen: Set<bigint>
  say(why: string): void
}

function breaks({ seen, say }: Walk, why: string): void {
  say(`rhashtable breaks after ${seen.size} entries: ${why}`)
}

function* tableNodes(walk: Walk, address: bigint): Generator<bigint> {
  const { kernel } = walk
  const layout = kernel.layouts.get('bucket_table')
  const head = kernel.space.read(address, layout.offset('buckets'))
  if (!head.ok) return breaks(walk, String(wordAt(kernel, address + BigInt(head.bytes.length))))
  const table = kernel.struct('bucket_table', address)
  const size = table.number('size')
  const nest = table.number('nest')
  const limit = nest === 0 ? memorySize(kernel) / 8 : nestedLimit
  if (size === 0 || size > limit) return walk.say(`bucket_table has ${size} buckets, which cannot be`)
  const first = table.at('buckets')
  for (let index = 0; index < size; index++) {
    const bucket = nest === 0 ? first + BigInt(index * 8) : nestedBucket(kernel, first, index, size, nest)
    const word = typeof bucket === 'bigint' && bucket !== 0n ? wordAt(kernel, bucket) : bucket
    if (typeof word === 'bigint') yield* chain(walk, word & ~1n)
    else if (nest === 0 && typeof bucket === 'bigint') {
      // The others of a page that is not there are not there either.
      const last = Math.min(size - 1, index + Math.floor((pageSize - Number(bucket & 0xfffn) - 1) / 8))
      walk.say(`buckets ${index} to ${last}: ${word}`)
      index = last
    } else walk.say(`a part of its buckets: ${word}`)
  }
}

function* chain(walk: Walk, first: bigint): Generator<bigint> {
  const { kernel, seen } = walk
  let node = first
  while (node !== 0n && (node & 1n) === 0n) {
    if (seen.has(node)) return walk.say(`rhashtable loops at ${hex(node)}`)
    if (seen.size === nodeLimit) return walk.say(`rhashtable has more than ${nodeLimit} entries`)
    const next = wordAt(kernel, node)
    if (typeof next === 'string') return walk.say(`rhashtable chain breaks: ${next}`)
    seen.add(node)
    yield node
    node = next
  }
}

/** __rht_bucket_nested: a tree of pages, the first level indexed by the low `nest` bits. 0n where there is none. */
function nestedBucket(
  kernel: Kernel,
  top: bigint,
  index: number,
  size: number,
  nest: number,
): bigint | string {
  const step = (table: bigint | string, at: number): bigint | string =>
    typeof table === 'string' || table === 0n ? table : wordAt(kernel, table + BigInt(at * 8))
  let table = step(wordAt(kernel, top), index % 2 ** nest)
  let rest = Math.floor(index / 2 ** nest)
  let remaining = Math.floor(size / 2 ** nest)
  while (table !== 0n && typeof table === 'bigint' && remaining > 2 ** nestedShift) {
    table = step(table, rest % 2 ** nestedShift)
    rest = Math.floor(rest / 2 ** nestedShift)
    remaining = Math.floor(remaining / 2 ** nestedShift)
  }
  return typeof table === 'string' || table === 0n ? table : table + BigInt(rest * 8)
}
