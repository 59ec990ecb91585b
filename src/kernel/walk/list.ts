import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { hex, wordAt } from './word.js'

/** A JavaScript Set holds 2^24 things at most; no structure of the kernel comes near. */
export const nodeLimit = 16_000_000

/**
 * list_head (include/linux/list.h): circular, doubly linked. Yields node addresses, without the head. A list that breaks
 * or loops is taken up again from its end, as far as its links agree in both directions; what lies between is lost, which
 * is a problem of `where`.
 */
export function* listNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `list at ${hex(head)}`,
): Generator<bigint> {
  const seen = new Set<bigint>()
  const broken = yield* chain(kernel, head, (node) => node === head, 'list', seen)
  if (broken === undefined) return
  const rest: bigint[] = []
  let node = wordAt(kernel, head + 8n)
  for (let after = head; typeof node === 'bigint' && !seen.has(node) && node !== head; ) {
    if (wordAt(kernel, node) !== after || seen.size === nodeLimit) break
    seen.add(node)
    rest.push(node)
    after = node
    node = wordAt(kernel, node + 8n)
  }
  const found = rest.length === 0 ? '' : `; ${rest.length} more were found from its end`
  problems.add(where, `${broken}${found}`)
  yield* rest.reverse()
}

/** hlist_head: ends at a null pointer. */
export function* hlistNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `hlist at ${hex(head)}`,
): Generator<bigint> {
  const broken = yield* chain(kernel, head, (node) => node === 0n, 'hlist', new Set())
  if (broken !== undefined) problems.add(where, broken)
}

/** hlist_nulls_head (list_nulls.h): ends at an odd value, whose upper bits tell which chain it was. */
export function* hlistNullsNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `hlist_nulls at ${hex(head)}`,
): Generator<bigint> {
  const broken = yield* chain(kernel, head, (node) => (node & 1n) === 1n, 'hlist_nulls', new Set())
  if (broken !== undefined) problems.add(where, broken)
}

/** llist_head (llist.h): ends at a null pointer. */
export function* llistNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `llist at ${hex(head)}`,
): Generator<bigint> {
  const broken = yield* chain(kernel, head, (node) => node === 0n, 'llist', new Set())
  if (broken !== undefined) problems.add(where, broken)
}

/** Gives how it broke, if it did. Its callers say so: that is why it is not exported. */
function* chain(
  kernel: Kernel,
  head: bigint,
  isEnd: (node: bigint) => boolean,
  what: string,
  seen: Set<bigint>,
): Generator<bigint, string | undefined> {
  // The head and every kind of node have their next pointer first.
  let next = wordAt(kernel, head)
  while (typeof next === 'bigint' && !isEnd(next)) {
    const node = next
    if (seen.has(node)) return `${what} loops at ${hex(node)} after ${seen.size} entries`
    if (seen.size === nodeLimit) return `${what} has more than ${nodeLimit} entries`
    next = wordAt(kernel, node)
    // A node that cannot be read is none.
    if (typeof next === 'string') break
    seen.add(node)
    yield node
  }
  return typeof next === 'string' ? `${what} breaks after ${seen.size} entries: ${next}` : undefined
}

/** Addresses of the structs that hold the nodes: container_of for a whole walk. */
export function* entries(walk: Iterable<bigint>, offset: number): Generator<bigint> {
  for (const node of walk) yield node - BigInt(offset)
}
