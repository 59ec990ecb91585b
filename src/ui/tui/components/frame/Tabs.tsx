import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { type PlacedTab, tabLine } from '../../model/tab-line.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

interface TabRow {
  readonly columns: number
  readonly tabs: readonly PlacedTab[]
}

const tabsOf = (cockpit: Cockpit): TabRow => ({ columns: cockpit.columns, tabs: tabLine(cockpit) })

/** The tabs, each with its key; the one that is seen in brackets. */
export function Tabs(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { columns, tabs } = useCockpit(tabsOf)
  const before = tabs[0]?.from ?? 0
  const after = Math.max(0, columns - (tabs.at(-1)?.to ?? 0))
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end" {...theme.bar}>
        {' '.repeat(before)}
        {tabs.map(({ index, key, label, isCurrent }) => (
          <Text key={index}>
            {key}
            {isCurrent ? <Text {...theme.selected}>{label}</Text> : label}
          </Text>
        ))}
        {' '.repeat(after)}
      </Text>
    </Box>
  )
}
