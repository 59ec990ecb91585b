import type { ReactNode } from 'react'
import { treeRows } from './tree-rows.js'
import { Rows, type VirtualListProps } from './VirtualList.js'

/** A value as a tree of its fields, of any length. */
export function ValueTree(props: VirtualListProps): ReactNode {
  return <Rows {...props} draw={treeRows} />
}
