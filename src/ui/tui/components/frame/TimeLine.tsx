import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

/** Of a guest with a record: where in its run one is, and how far that has come. */
export function TimeLine(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const line = useCockpit(lineOf)
  if (line === undefined) return null
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end">
        <Text {...theme.dim}>{line.past}</Text>
        <Text {...theme.accent}>●</Text>
        <Text {...theme.dim}>{line.rest}</Text>
      </Text>
    </Box>
  )
}

interface DrawnLine {
  readonly past: string
  readonly rest: string
}

function lineOf({ vm, columns, hasTimeLine }: Cockpit): DrawnLine | undefined {
  const { record } = vm.target
  if (!hasTimeLine || record === undefined) return undefined
  const { time, end } = record
  const start = ' 0 ├'
  const last = `┤ ${(end.ns / 1e9).toFixed(3)} s `
  const room = Math.max(1, columns - start.length - last.length - 1)
  const share = end.ns === 0 ? 0 : Math.min(1, (time.branch ?? time).ns / end.ns)
  const at = Math.round(share * room)
  return { past: start + '─'.repeat(at), rest: '─'.repeat(room - at) + last }
}
