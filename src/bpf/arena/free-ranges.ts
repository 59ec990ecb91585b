import type { Kernel } from '../../kernel/kernel.js'
import { rbtreeNodes } from '../../kernel/walk/rbtree.js'
import type { Problems } from '../../problems.js'

/** Pages `first` to `last`, both included, counted from the start of the arena. */
export interface PageRange {
  readonly first: number
  readonly last: number
}

/**
 * The ranges of an arena that are free, in order: bpf_arena.rt, an interval tree of page offsets
 * (kernel/bpf/range_tree.c). Undefined when this kernel has none, or not all of it can be read: what is in no
 * range would seem to be handed out.
 */
export function freeRanges(
  kernel: Kernel,
  arena: bigint,
  declaredPages: number,
  problems: Problems,
): PageRange[] | undefined {
  const layout = kernel.layouts.get('bpf_arena')
  // Since 6.13; a maple tree before, which is not read.
  if (layout.has('mt')) return undefined
  const types = problems.attempt('free ranges', () => ({
    node: kernel.layouts.get('range_node'),
    root: layout.place('rt.it_root.rb_root'),
  }))
  if (types === undefined) return undefined
  const { node, root } = types
  const ranges: PageRange[] = []
  const nodeOffset = BigInt(node.offset('rn_rbnode'))
  const own = problems.part()
  let last = -1
  for (const at of rbtreeNodes(kernel, arena + BigInt(root.offset), own, 'free ranges')) {
    own.attempt('free ranges', () => {
      const range = kernel.struct('range_node', at - nodeOffset)
      const found = { first: range.number('rn_start'), last: range.number('rn_last') }
      if (found.first <= last || found.last < found.first || found.last >= declaredPages) {
        own.add(
          'free ranges',
          `${found.first} to ${found.last} cannot follow ${last} among ${declaredPages} pages`,
        )
        return
      }
      last = found.last
      ranges.push(found)
    })
  }
  return own.none ? ranges : undefined
}

export function pagesIn(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

/** Whether a page lies in one of the ranges, which are in order. */
export function isIn(ranges: readonly PageRange[], page: number): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] as PageRange).last < page) low = middle + 1
    else high = middle
  }
  const range = ranges[low]
  return range !== undefined && range.first <= page
}
