import type { Problems } from '../../problems.js'
import type { Kernel } from '../kernel.js'
import { nodeLimit } from './list.js'
import { hex, wordAt } from './word.js'

/** A red-black tree deeper than this holds more nodes than 2^63 bytes could. */
const depthLimit = 128

/**
 * Nodes of an rb_root in order (include/linux/rbtree_types.h); an rb_root_cached begins with its rb_root, so that its
 * address does as well. Yields node addresses. A child that was met before, lies too deep or is unreadable is left out
 * with a problem of `where`, and the walk goes on.
 */
export function* rbtreeNodes(
  kernel: Kernel,
  root: bigint,
  problems: Problems,
  where = `rbtree at ${hex(root)}`,
): Generator<bigint> {
  const layout = kernel.layouts.get('rb_node')
  const left = BigInt(layout.offset('rb_left'))
  const right = BigInt(layout.offset('rb_right'))
  const path: { readonly node: bigint; readonly right: bigint }[] = []
  const seen = new Set<bigint>()

  /** Puts a node and those down its left links on the path. */
  const descend = (first: bigint | string): void => {
    for (let node = first; node !== 0n; ) {
      if (typeof node === 'string') {
        problems.add(where, `rbtree breaks after ${seen.size} nodes: ${node}`)
        return
      }
      if (seen.has(node)) {
        problems.add(where, `rbtree loops at ${hex(node)} after ${seen.size} nodes`)
        return
      }
      if (path.length === depthLimit || seen.size === nodeLimit) {
        problems.add(where, `rbtree is too large to be one at ${hex(node)}, after ${seen.size} nodes`)
        return
      }
      const next = wordAt(kernel, node + left)
      const other = wordAt(kernel, node + right)
      if (typeof next === 'string' || typeof other === 'string') {
        node = typeof next === 'string' ? next : other
        continue
      }
      path.push({ node, right: other })
      seen.add(node)
      node = next
    }
  }

  descend(wordAt(kernel, root + BigInt(kernel.layouts.get('rb_root').offset('rb_node'))))
  for (let top = path.pop(); top !== undefined; top = path.pop()) {
    const child = top.right
    yield top.node
    descend(child)
  }
}
