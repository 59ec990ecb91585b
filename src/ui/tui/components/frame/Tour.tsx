import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

const linesOf = ({ tourLines }: Cockpit): readonly string[] => tourLines

/** The step of the tour that is shown, if one is. */
export function Tour(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const lines = useCockpit(linesOf)
  return (
    <Box flexDirection="column" height={lines.length} flexShrink={0}>
      {lines.map((line) => (
        <Text key={line} wrap="truncate-end" {...theme.warning}>
          {` ${line}`}
        </Text>
      ))}
    </Box>
  )
}
