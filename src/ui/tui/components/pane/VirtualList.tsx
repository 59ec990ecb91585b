import { Box, Text } from 'ink'
import { type ReactNode, useCallback, useContext } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import type { ListModel } from '../../model/list.js'
import { CockpitContext, useReading } from '../hooks/use-cockpit.js'
import { Line } from '../text/Line.js'
import { listRows } from './list-rows.js'
import type { ListFrame, ShownRows } from './rows.js'

export interface VirtualListProps {
  /** Which list of the page. */
  readonly of: 'list' | 'detail'
  readonly columns: number
  /** Lines, with the one of column titles. */
  readonly rows: number
}

/** A table of any length. */
export function VirtualList(props: VirtualListProps): ReactNode {
  return <Rows {...props} draw={listRows} />
}

interface RowsProps extends VirtualListProps {
  readonly draw: (list: ListModel, frame: ListFrame) => ShownRows
}

const nothing: ShownRows = { titles: undefined, rows: [], empty: [] }

/** The rows of a list that are seen, each as one line of text: no others exist. */
export function Rows({ of, columns, rows, draw }: RowsProps): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const select = useCallback(
    ({ page, ledger, isLive }: Cockpit): ShownRows => {
      const list = of === 'detail' ? page.detail?.list : page.list
      if (list === undefined) return nothing
      return draw(list, {
        columns,
        rows: Math.max(0, rows - (list.content.untitled ? 0 : 1)),
        hasKeys: page.active === list,
        ledger,
        owner: of === 'detail' ? page.list.selected?.target : page.view.target,
        compare: !isLive,
      })
    },
    [of, columns, rows, draw],
  )
  const shown = useReading(select)
  return (
    <Box flexDirection="column" width={columns} height={rows} flexShrink={0}>
      {shown.titles === undefined ? null : <Line pieces={shown.titles} />}
      {shown.empty.length === 0 ? null : (
        <Text {...theme.dim}>{['', ...shown.empty.map((line) => `  ${line}`)].join('\n')}</Text>
      )}
      {shown.rows.map((pieces, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines stay in their places while rows pass through them
        <Line key={place} pieces={pieces} />
      ))}
    </Box>
  )
}
