import { Box } from 'ink'
import type { ReactNode } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { useCockpit } from '../hooks/use-cockpit.js'
import { ValueTree } from './ValueTree.js'
import { VirtualList } from './VirtualList.js'

interface Shape {
  readonly isTree: boolean
  readonly columns: number
  readonly rows: number
}

const shapeOf = ({ page, panes }: Cockpit): Shape => ({
  isTree: page.list.isTree,
  columns: panes.listColumns,
  rows: panes.listRows + (page.list.content.untitled ? 0 : 1),
})

/** The list of the page. */
export function Pane(): ReactNode {
  const { isTree, columns, rows } = useCockpit(shapeOf)
  return (
    <Box width={columns} height={rows} flexShrink={0}>
      {isTree ? (
        <ValueTree of="list" columns={columns} rows={rows} />
      ) : (
        <VirtualList of="list" columns={columns} rows={rows} />
      )}
    </Box>
  )
}
