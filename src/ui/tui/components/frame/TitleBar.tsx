import { Box, Spacer, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import { textWidth } from '../../../../present/text/fit.js'
import { escapeText } from '../../../../text.js'
import { durationText } from '../../../../units.js'
import type { Cockpit } from '../../model/cockpit.js'
import { recordText } from '../../model/record.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

const name = ' cryoscope '

/** Target, kernel, accelerator, state, and how much was read while the guest stood still; what is narrow loses facts. */
export function TitleBar(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { target, facts, changed, state, isLive } = useCockpit(titleOf)
  return (
    <Box height={1} flexShrink={0}>
      <Box flexShrink={0}>
        <Text {...theme.bar}>{name}</Text>
      </Box>
      <Text wrap="truncate-end">
        <Text {...theme.heading}>{target}</Text>
        <Text {...theme.dim}>{facts}</Text>
      </Text>
      <Spacer />
      <Box flexShrink={0}>
        <Text>
          <Text {...theme.changed}>{changed}</Text>
          <Text {...(isLive ? theme.good : theme.accent)}>{state} </Text>
        </Text>
      </Box>
    </Box>
  )
}

interface Title {
  readonly target: string
  readonly facts: string
  readonly changed: string
  readonly state: string
  readonly isLive: boolean
}

function titleOf(cockpit: Cockpit): Title {
  const { vm, columns, ledger, isLive } = cockpit
  const target = ` ${escapeText(vm.target.name)} `
  const state = stateText(cockpit)
  const changed = ledger.stops > 1 && !isLive ? `~ ${ledger.changedCount.toLocaleString('en')} changed  ` : ''
  const accelerator = vm.target.facts.accelerator ?? vm.target.facts.format
  let room = columns - textWidth(name + target + changed + state) - 2
  let facts = ''
  for (const fact of [cockpit.release, accelerator, `${cockpit.vcpuCount} vCPUs`]) {
    const text = `${facts === '' ? '' : ' · '}${escapeText(String(fact ?? ''))}`
    if (textWidth(text) > room) continue
    room -= textWidth(text)
    facts += text
  }
  return { target, facts, changed, state, isLive }
}

function stateText(cockpit: Cockpit): string {
  const { vm, frozenSince, sawStop, pagesRead, columns } = cockpit
  const pages = columns < 60 ? '' : `${pagesRead.toLocaleString('en')} pages read`
  if (vm.state === 'dump') return `DUMP  ${pages}`
  if (cockpit.isTravelling) return 'ON THE WAY'
  if (vm.state === 'running') return 'RUNNING  live'
  const record = recordText(cockpit)
  if (record !== undefined) return `${record}  ${pages}`
  const stopped = durationText(Math.floor((Date.now() - frozenSince) / 1000) * 1000)
  if (columns < 60) return `FROZEN ${sawStop ? '' : '≥ '}${stopped}`
  return columns < 100
    ? `FROZEN ${sawStop ? '' : '≥ '}${stopped}, ${pages}`
    : `FROZEN  guest stopped ${sawStop ? '' : 'at least '}${stopped}, ${pages}`
}
