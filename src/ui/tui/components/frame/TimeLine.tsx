import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

/** Of a guest with a record: where in its run one is (on a branch: where that began), its checkpoints, and how far it has come. */
export function TimeLine(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const line = useCockpit(lineOf)
  if (line === undefined) return null
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end">
        <Text {...theme.dim}>{line.past}</Text>
        <Text {...theme.accent}>{line.here}</Text>
        <Text {...theme.dim}>{line.rest}</Text>
      </Text>
    </Box>
  )
}

interface DrawnLine {
  readonly past: string
  readonly here: string
  readonly rest: string
}

function lineOf({ vm, columns, hasTimeLine }: Cockpit): DrawnLine | undefined {
  const { record } = vm.target
  if (!hasTimeLine || record === undefined) return undefined
  const { time, end, checkpoints } = record
  const start = ' 0 ├'
  const last = `┤ ${(end.ns / 1e9).toFixed(3)} s `
  const room = Math.max(1, columns - start.length - last.length)
  const placeOf = (ns: number): number =>
    end.ns === 0 ? 0 : Math.round(Math.min(1, ns / end.ns) * (room - 1))
  const line = Array.from({ length: room }, () => '─')
  for (const { ns } of checkpoints) line[placeOf(ns)] = '┬'
  const at = placeOf((time.branch ?? time).ns)
  return {
    past: start + line.slice(0, at).join(''),
    here: time.branch === undefined ? '●' : '◆',
    rest: line.slice(at + 1).join('') + last,
  }
}
