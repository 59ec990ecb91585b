import type { Block } from './control-flow.js'

/** Which instructions always come before which others. Made for one function, when somebody asks. */
export class Dominance {
  readonly #blocks: readonly Block[]
  readonly #before: Int32Array
  readonly #after: Int32Array

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks
    const forward = blocks.map(({ successors }) => successors)
    this.#before = dominators(predecessors(forward), 0)
    this.#after = postdominators(forward)
  }

  /** Whether every path to block `later` has been through block `earlier`. */
  dominates(earlier: number, later: number): boolean {
    return isAbove(this.#before, earlier, later)
  }

  /** Whether every path from block `earlier` goes through block `later`. */
  postdominates(later: number, earlier: number): boolean {
    return isAbove(this.#after, later, earlier)
  }

  /** Whether control can come from the end of one block to another without passing a third. */
  reaches(from: number, to: number, without: number): boolean {
    const seen = new Set<number>()
    const waiting = [...(this.#blocks[from]?.successors ?? [])]
    for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
      if (block === to && block !== without) return true
      if (block === without || seen.has(block)) continue
      seen.add(block)
      waiting.push(...(this.#blocks[block]?.successors ?? []))
    }
    return false
  }
}

/** Walks up the tree, to its root or to where nothing is known. */
function isAbove(parents: Int32Array, above: number, below: number): boolean {
  let at = below
  while (at !== above) {
    const parent = parents[at]
    if (parent === undefined || parent < 0 || parent === at) return false
    at = parent
  }
  return true
}

function predecessors(successors: readonly (readonly number[])[]): number[][] {
  const found: number[][] = successors.map(() => [])
  for (const [block, next] of successors.entries()) {
    for (const successor of next) found[successor]?.push(block)
  }
  return found
}

/** Immediate dominators by Cooper, Harvey and Kennedy; nodes are numbered in reverse postorder from `root`. */
function dominators(incoming: readonly (readonly number[])[], root: number): Int32Array {
  const parents = new Int32Array(incoming.length).fill(-1)
  parents[root] = root
  for (let changed = true; changed; ) {
    changed = false
    for (let node = 0; node < incoming.length; node++) {
      if (node === root) continue
      let parent = -1
      for (const from of incoming[node] as readonly number[]) {
        if (parents[from] === -1) continue
        parent = parent === -1 ? from : meet(parents, parent, from)
      }
      if (parent !== -1 && parents[node] !== parent) {
        parents[node] = parent
        changed = true
      }
    }
  }
  return parents
}

function meet(parents: Int32Array, a: number, b: number): number {
  let x = a
  let y = b
  while (x !== y) {
    while (x > y) x = parents[x] as number
    while (y > x) y = parents[y] as number
  }
  return x
}

/**
 * Immediate postdominators. The graph is turned around with one more node, which all exits lead to; blocks from
 * which no exit can be reached have none, so nothing is said of them.
 */
function postdominators(successors: readonly (readonly number[])[]): Int32Array {
  const exit = successors.length
  const backward = predecessors(successors)
  const exits = [...successors.keys()].filter((block) => successors[block]?.length === 0)
  const order: number[] = []
  const seen = new Uint8Array(exit + 1)
  const stack: { node: number; next: number }[] = [{ node: exit, next: 0 }]
  seen[exit] = 1
  while (stack.length > 0) {
    const top = stack.at(-1) as { node: number; next: number }
    const following = (top.node === exit ? exits : (backward[top.node] as number[]))[top.next++]
    if (following === undefined) {
      order.push(top.node)
      stack.pop()
    } else if (seen[following] === 0) {
      seen[following] = 1
      stack.push({ node: following, next: 0 })
    }
  }
  order.reverse()
  const position = new Map(order.map((node, index) => [node, index]))
  const incoming = order.map((node) => {
    const next = successors[node] ?? []
    return next.length === 0 ? [0] : next.flatMap((successor) => position.get(successor) ?? [])
  })
  const parents = dominators(incoming, 0)
  const found = new Int32Array(exit).fill(-1)
  for (const [index, node] of order.entries()) {
    if (node === exit) continue
    const parent = order[parents[index] as number]
    found[node] = parent === undefined || parent === exit ? -1 : parent
  }
  return found
}
