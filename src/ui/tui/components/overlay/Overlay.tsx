import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'
import { Line } from '../text/Line.js'
import type { Pieces } from '../text/pieces.js'
import { menuLines } from './menu-lines.js'
import { readingLines } from './reading-lines.js'

export interface OverlayLines {
  readonly title: string
  /** On the right of the title: what part is seen. */
  readonly position: string
  readonly lines: readonly Pieces[]
}

const nothing: OverlayLines = { title: '', position: '', lines: [] }

function linesOf(cockpit: Cockpit): OverlayLines & { readonly columns: number } {
  const { overlay, columns, layout } = cockpit
  const rows = Math.max(1, layout.bodyRows - 1)
  if (overlay?.kind === 'menu') return { columns, ...menuLines(overlay, columns, rows) }
  if (overlay?.kind === 'reading') return { columns, ...readingLines(overlay, columns, rows) }
  return { columns, ...nothing }
}

export interface OverlayProps {
  readonly rows: number
}

/** A menu, or a text to be read, in place of the panes. */
export function Overlay({ rows }: OverlayProps): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { columns, title, position, lines } = useCockpit(linesOf)
  const rule = Math.max(0, columns - title.length - position.length - 4)
  return (
    <Box flexDirection="column" height={rows} flexShrink={0}>
      <Box height={1} flexShrink={0}>
        <Text wrap="truncate-end">
          <Text {...theme.dim}>── </Text>
          <Text {...theme.accent}>{title}</Text>
          <Text {...theme.dim}>{` ${'─'.repeat(rule)}${position}`}</Text>
        </Text>
      </Box>
      {lines.map((pieces, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines stay in their places
        <Line key={place} pieces={pieces} />
      ))}
    </Box>
  )
}
