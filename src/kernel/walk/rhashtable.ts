import { describeProblem } from '../../memory/types.js'
import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { nodeLimit } from './list.js'
import { hex, memorySize, wordAt } from './word.js'

/** Of a size that is damaged; each page that is missing takes its time. */
const mostBuckets = 2 ** 26
/** PAGE_SHIFT - ilog2(sizeof(void *)): pointers of one page of a nested table. */
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
  if (!head.ok) return breaks(walk, describeProblem(head.problem))
  const table = kernel.struct('bucket_table', address)
  const size = table.number('size')
  const nest = table.number('nest')
  const first = table.at('buckets')
  if (nest !== 0) return yield* nestedNodes(walk, first, size, nest)
  if (size === 0 || size > memorySize(kernel) / 8)
    return walk.say(`bucket_table has ${size} buckets, which cannot be`)
  if (size > mostBuckets) walk.say(`of ${size} buckets only the first ${mostBuckets} are looked at`)
  const count = Math.min(size, mostBuckets)
  for (const word of words(walk, first, count, (from, to) => `buckets ${from} to ${to}`)) {
    // Bit 0 of a bucket is its lock.
    yield* chain(walk, word & ~1n)
  }
}

/** __rht_bucket_nested: a tree of pages, at whose top are 2^nest pointers. Each page is looked at once. */
function* nestedNodes(walk: Walk, first: bigint, size: number, nest: number): Generator<bigint> {
  const below = size / 2 ** nest
  if (!Number.isInteger(Math.log2(size)) || nest > nestedShift || below < 1)
    return walk.say(`bucket_table of ${size} buckets nests by ${nest} bits, which cannot be`)
  const top = wordAt(walk.kernel, first)
  if (typeof top === 'string') return walk.say(`a part of its buckets: ${top}`)
  yield* nestedPart({ ...walk, parts: new Set() }, top, 2 ** nest, below)
}

interface NestedWalk extends Walk {
  readonly parts: Set<bigint>
}

/** `below`: buckets of each entry; 1 where the entries are buckets. */
function* nestedPart(walk: NestedWalk, part: bigint, entries: number, below: number): Generator<bigint> {
  if (walk.parts.has(part)) return walk.say(`its nested table leads to ${hex(part)} twice`)
  walk.parts.add(part)
  const inner = Math.min(below, 2 ** nestedShift)
  for (const word of words(walk, part, entries, () => 'a part of its buckets')) {
    if (below === 1) yield* chain(walk, word & ~1n)
    else yield* nestedPart(walk, word, inner, below / inner)
  }
}

/** The words of an array that are not zero. What a page does not hold is said once for all of that page. */
function* words(
  { kernel, say }: Walk,
  first: bigint,
  count: number,
  name: (from: number, to: number) => string,
): Generator<bigint> {
  for (let index = 0; index < count; ) {
    const at = first + BigInt(index * 8)
    const most = Math.ceil((pageSize - Number(BigInt.asUintN(12, at))) / 8)
    const length = Math.min(count - index, most)
    const result = kernel.space.read(at, length * 8)
    const { bytes } = result
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const there = Math.floor(bytes.length / 8)
    for (let i = 0; i < there; i++) {
      const word = view.getBigUint64(i * 8, true)
      if (word !== 0n) yield word
    }
    if (!result.ok) say(`${name(index + there, index + length - 1)}: ${describeProblem(result.problem)}`)
    index += length
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
