import { MemoryFault } from '../memory/fault.js'
import type { Kernel } from './kernel.js'
import { nodeLimit, type WalkEnd } from './lists.js'

/** A red-black tree deeper than this holds more nodes than 2^63 bytes could. */
const depthLimit = 128

/**
 * Nodes of an rb_root in order (include/linux/rbtree_types.h); for an rb_root_cached pass the address of its rb_root.
 * Yields node addresses. A child that was met before, lies too deep or is unreadable is left out and the walk goes on;
 * the first such is the problem.
 */
export function* rbtreeNodes(kernel: Kernel, root: bigint): Generator<bigint, WalkEnd> {
  const { space } = kernel
  const layout = kernel.layouts.get('rb_node')
  const left = BigInt(layout.offset('rb_left'))
  const right = BigInt(layout.offset('rb_right'))
  const path: { readonly node: bigint; readonly right: bigint }[] = []
  const seen = new Set<bigint>()
  let problem: string | undefined

  /** Puts a node and those down its left links on the path. */
  const descend = (readFirst: () => bigint): void => {
    try {
      for (let node = readFirst(); node !== 0n; ) {
        if (seen.has(node)) {
          problem ??= `rbtree loops at 0x${node.toString(16)} after ${seen.size} nodes`
          return
        }
        if (path.length === depthLimit || seen.size === nodeLimit) {
          problem ??= `rbtree is too large to be one at 0x${node.toString(16)}, after ${seen.size} nodes`
          return
        }
        const next = space.u64(node + left)
        path.push({ node, right: space.u64(node + right) })
        seen.add(node)
        node = next
      }
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      problem ??= `rbtree breaks after ${seen.size} nodes: ${error.message}`
    }
  }

  descend(() => kernel.struct('rb_root', root).pointer('rb_node'))
  for (let top = path.pop(); top !== undefined; top = path.pop()) {
    const child = top.right
    yield top.node
    descend(() => child)
  }
  return { problem }
}
