import { Box, Spacer, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import { textWidth } from '../../../../present/text/fit.js'
import type { Cockpit } from '../../model/cockpit.js'
import { crumbTitles } from '../../model/crumbs.js'
import { CockpitContext, useReading } from '../hooks/use-cockpit.js'

/** How one came here; filter, order and position on the right. */
export function Breadcrumbs(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { before, title, right, isLive } = useReading(crumbsOf)
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate-end">
        {' '}
        {before === '' ? null : <Text {...theme.dim}>{before} › </Text>}
        <Text {...theme.accent}>{title}</Text>
        {isLive ? <Text {...theme.good}>{'  live'}</Text> : null}
      </Text>
      <Spacer />
      <Box flexShrink={0} marginLeft={2}>
        <Text {...theme.dim}>{right} </Text>
      </Box>
    </Box>
  )
}

interface Crumbs {
  readonly before: string
  readonly title: string
  readonly right: string
  readonly isLive: boolean
}

function crumbsOf(cockpit: Cockpit): Crumbs {
  const { page, isLive } = cockpit
  const { list } = page
  const right = [
    ...(list.filter === '' ? [] : [`/${list.filter}`]),
    ...(list.content.note === undefined ? [] : [list.content.note]),
    positionText(list.cursor, list.length, list.isCounted),
  ].join('  ')
  const titles = crumbTitles(cockpit, textWidth(right))
  return { before: titles.slice(0, -1).join(' › '), title: titles.at(-1) ?? '', right, isLive }
}

/** "3/17"; with a + where there may be more. */
function positionText(cursor: number, length: number, isCounted: boolean): string {
  if (length === 0) return isCounted ? '0' : '…'
  return `${(cursor + 1).toLocaleString('en')}/${length.toLocaleString('en')}${isCounted ? '' : '+'}`
}
