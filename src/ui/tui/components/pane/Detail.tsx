import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import { textWidth } from '../../../../present/text/fit.js'
import type { Cockpit } from '../../model/cockpit.js'
import { CockpitContext, useReading } from '../hooks/use-cockpit.js'
import { ValueTree } from './ValueTree.js'
import { VirtualList } from './VirtualList.js'

interface Shown {
  readonly columns: number
  readonly rows: number
  readonly title: string
  readonly rule: string
  readonly hasKeys: boolean
  readonly isTree: boolean
}

function shownOf({ page, panes, detailHeight }: Cockpit): Shown {
  const { detail } = page
  const columns = panes.detailColumns
  const title = detail?.title ?? ''
  const list = detail?.list
  const position =
    list === undefined || list.length <= detailHeight ? '' : ` ${list.cursor + 1}/${list.length} ─`
  const rest = Math.max(0, columns - textWidth(title) - 4 - textWidth(position))
  return {
    columns,
    rows: panes.detailRows,
    title,
    rule: ` ${'─'.repeat(rest)}${position}`,
    hasKeys: page.focus === 'detail',
    isTree: list?.isTree === true,
  }
}

export interface DetailProps {
  /** Beside the list, with a line between the two. */
  readonly isBeside: boolean
}

/** What is known of the row under the cursor, below its title. */
export function Detail({ isBeside }: DetailProps): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { columns, rows, title, rule, hasKeys, isTree } = useReading(shownOf)
  const body = (
    <Box flexDirection="column" width={columns} height={rows + 1} flexShrink={0}>
      <Box height={1} flexShrink={0}>
        <Text wrap="truncate-end">
          <Text {...theme.dim}>── </Text>
          <Text {...(hasKeys ? theme.accent : theme.heading)}>{title}</Text>
          <Text {...theme.dim}>{rule}</Text>
        </Text>
      </Box>
      {isTree ? (
        <ValueTree of="detail" columns={columns} rows={rows} />
      ) : (
        <VirtualList of="detail" columns={columns} rows={rows} />
      )}
    </Box>
  )
  if (!isBeside) return body
  return (
    <>
      <Box width={1} height={rows + 1} flexShrink={0}>
        <Text {...theme.dim}>{'│\n'.repeat(rows)}│</Text>
      </Box>
      {body}
    </>
  )
}
