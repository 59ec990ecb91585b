import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { hex, wordAt } from './word.js'

/** A JavaScript Set holds 2^24 things at most; no structure of the kernel comes near. */
export const nodeLimit = 16_000_000

/**
 * list_head (include/linux/list.h): circular, doubly linked. Yields node addresses, without the head. A broken list ends
 * the walk early, it never loops; how it broke is a problem of `where`.
 */
export function listNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `list at ${hex(head)}`,
): Generator<bigint> {
  return chain(kernel, head, (node) => node === head, 'list', problems, where)
}

/** hlist_head: ends at a null pointer. */
export function hlistNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `hlist at ${hex(head)}`,
): Generator<bigint> {
  return chain(kernel, head, (node) => node === 0n, 'hlist', problems, where)
}

/** hlist_nulls_head (list_nulls.h): ends at an odd value, whose upper bits tell which chain it was. */
export function hlistNullsNodes(
  kernel: Kernel,
  head: bigint,
  problems: Problems,
  where = `hlist_nulls at ${hex(head)}`,
): Generator<bigint> {
  return chain(kernel, head, (node) => (node & 1n) === 1n, 'hlist_nulls', problems, where)
}

/** llist_head: ends at a null pointer. */
export const llistNodes = hlistNodes

function* chain(
  kernel: Kernel,
  head: bigint,
  isEnd: (node: bigint) => boolean,
  what: string,
  problems: Problems,
  where: string,
): Generator<bigint> {
  const seen = new Set<bigint>()
  // The head and every kind of node have their next pointer first.
  let next = wordAt(kernel, head)
  while (typeof next === 'bigint' && !isEnd(next)) {
    const node = next
    if (seen.has(node)) {
      problems.add(where, `${what} loops at ${hex(node)} after ${seen.size} entries`)
      return
    }
    if (seen.size === nodeLimit) {
      problems.add(where, `${what} has more than ${nodeLimit} entries`)
      return
    }
    next = wordAt(kernel, node)
    // A node that cannot be read is none.
    if (typeof next === 'string') break
    seen.add(node)
    yield node
  }
  if (typeof next === 'string') problems.add(where, `${what} breaks after ${seen.size} entries: ${next}`)
}

/** Addresses of the structs that hold the nodes: container_of for a whole walk. */
export function* entries(walk: Iterable<bigint>, offset: number): Generator<bigint> {
  for (const node of walk) yield node - BigInt(offset)
}
