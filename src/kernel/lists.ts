import { CryoscopeError } from '../errors.js'
import { MemoryFault } from '../memory/fault.js'
import type { Kernel } from './kernel.js'

/**
 * Kernel lists (include/linux/list.h, list_nulls.h). Each walk yields the addresses of the entries' nodes and returns
 * how it ended. A broken list ends the walk early, it never loops: nodes already seen and unreadable nodes stop it.
 */
export interface WalkEnd {
  /** Undefined when the list ended as it should. */
  readonly problem: string | undefined
}

const complete: WalkEnd = { problem: undefined }

/** A JavaScript Set holds 2^24 things at most; no structure of the kernel comes near. */
export const nodeLimit = 16_000_000

/** list_head: circular, doubly linked. Yields node addresses, without the head. */
export function* listNodes(kernel: Kernel, head: bigint): Generator<bigint, WalkEnd> {
  return yield* chain(kernel, head, (node) => node === head, 'list')
}

/** hlist_head: ends at a null pointer. */
export function* hlistNodes(kernel: Kernel, head: bigint): Generator<bigint, WalkEnd> {
  return yield* chain(kernel, head, (node) => node === 0n, 'hlist')
}

/** hlist_nulls_head: ends at an odd value, whose upper bits tell which chain it was. */
export function* hlistNullsNodes(kernel: Kernel, head: bigint): Generator<bigint, WalkEnd> {
  return yield* chain(kernel, head, (node) => (node & 1n) === 1n, 'hlist_nulls')
}

/** llist_head: ends at a null pointer. */
export const llistNodes = hlistNodes

function* chain(
  kernel: Kernel,
  head: bigint,
  isEnd: (node: bigint) => boolean,
  what: string,
): Generator<bigint, WalkEnd> {
  const seen = new Set<bigint>()
  let entries = 0
  try {
    // The head and every kind of node have their next pointer first.
    let node = kernel.space.u64(head)
    while (!isEnd(node)) {
      if (seen.has(node)) return { problem: `${what} loops at ${hex(node)} after ${entries} entries` }
      if (entries === nodeLimit) return { problem: `${what} has more than ${nodeLimit} entries` }
      seen.add(node)
      const next = kernel.space.u64(node)
      yield node
      entries++
      node = next
    }
  } catch (error) {
    if (!(error instanceof MemoryFault)) throw error
    return { problem: `${what} breaks after ${entries} entries: ${error.message}` }
  }
  return complete
}

/** Addresses of the structs that hold the nodes: container_of for a whole walk. */
export function* entries(walk: Generator<bigint, WalkEnd>, offset: number): Generator<bigint, WalkEnd> {
  for (;;) {
    const step = walk.next()
    if (step.done === true) return step.value
    yield step.value - BigInt(offset)
  }
}

/** Runs a walk to its end; a problem throws, for callers who cannot go on with a part. */
export function wholeWalk(walk: Generator<bigint, WalkEnd>): bigint[] {
  const found: bigint[] = []
  for (;;) {
    const step = walk.next()
    if (step.done !== true) found.push(step.value)
    else if (step.value.problem === undefined) return found
    else throw new CryoscopeError('unreadable', step.value.problem)
  }
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`
}
