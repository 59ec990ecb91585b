import { describeProblem } from '../../memory/types.js'
import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { nodeLimit } from './list.js'
import { mostInRow } from './patience.js'
import { hex, memorySize, usedWords, wordAt } from './word.js'

/** Of a size that is damaged: what lies there in its place takes its time. */
const mostBuckets = 2 ** 26
/** PAGE_SHIFT - ilog2(sizeof(void *)): pointers of one page of a nested table. */
const nestedShift = 9

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
  const walk: Walk = { kernel, seen: new Set(), broken: { count: 0 }, say: (why) => problems.add(where, why) }
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
  /** Buckets, or parts of them, that were out of order since one was not. */
  readonly broken: { count: number }
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
  const missing = (from: number, to: number, why: string): void =>
    walk.say(`buckets ${from} to ${to}: ${why}`)
  for (const { index, value } of usedWords(kernel, first, count, missing)) {
    yield* bucket(walk, value)
    if (walk.broken.count >= mostInRow)
      return walk.say(
        `${mostInRow} buckets in a row are out of order: those behind bucket ${index} are not looked at`,
      )
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
  if (walk.broken.count >= mostInRow)
    walk.say(`${mostInRow} parts in a row are out of order: what lies behind them is not looked at`)
}

interface NestedWalk extends Walk {
  readonly parts: Set<bigint>
}

/** `below`: buckets of each entry; 1 where the entries are buckets. */
function* nestedPart(walk: NestedWalk, part: bigint, entries: number, below: number): Generator<bigint> {
  if (walk.parts.has(part)) {
    walk.broken.count++
    return walk.say(`its nested table leads to ${hex(part)} twice`)
  }
  walk.parts.add(part)
  const inner = Math.min(below, 2 ** nestedShift)
  const missing = (_from: number, _to: number, why: string): void => {
    walk.broken.count++
    walk.say(`a part of its buckets: ${why}`)
  }
  for (const { value } of usedWords(walk.kernel, part, entries, missing)) {
    if (walk.broken.count >= mostInRow) return
    if (below === 1) yield* bucket(walk, value)
    else yield* nestedPart(walk, value, inner, below / inner)
  }
}

function* bucket(walk: Walk, head: bigint): Generator<bigint> {
  // Bit 0 of a bucket is its lock.
  const broken = yield* chain(walk, head & ~1n)
  if (broken === undefined) walk.broken.count = 0
  else if (broken !== '') {
    walk.broken.count++
    walk.say(broken)
  }
}

/** Gives what is wrong with it, if anything; "" for one that ends in null, which may be one and speaks for nothing. */
function* chain({ kernel, seen }: Walk, first: bigint): Generator<bigint, string | undefined> {
  let node = first
  while (node !== 0n && (node & 1n) === 0n) {
    if (seen.has(node)) return `rhashtable loops at ${hex(node)}`
    if (seen.size === nodeLimit) return `rhashtable has more than ${nodeLimit} entries`
    const next = wordAt(kernel, node)
    if (typeof next === 'string') return `rhashtable chain breaks: ${next}`
    seen.add(node)
    yield node
    node = next
  }
  return node === 0n ? '' : undefined
}
