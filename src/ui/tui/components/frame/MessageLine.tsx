import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import { escapeText } from '../../../../text.js'
import { durationText } from '../../../../units.js'
import type { Cockpit } from '../../model/cockpit.js'
import type { Tone } from '../../style/theme.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'
import { Prompt } from '../overlay/Prompt.js'

/** The prompt, the progress, the last message, or what could not be read. */
export function MessageLine(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { isPrompt, bar, text, tone } = useCockpit(messageOf)
  return (
    <Box height={1} flexShrink={0}>
      {isPrompt ? (
        <Prompt />
      ) : (
        <Text wrap="truncate-end">
          {' '}
          {bar === '' ? null : <Text {...theme.accent}>{`${bar} `}</Text>}
          <Text {...theme[tone]}>{text}</Text>
        </Text>
      )}
    </Box>
  )
}

interface Shown {
  readonly isPrompt: boolean
  readonly bar: string
  readonly text: string
  readonly tone: Tone
}

function messageOf(cockpit: Cockpit): Shown {
  const { overlay, operation, message, page } = cockpit
  const nothing: Shown = { isPrompt: false, bar: '', text: '', tone: 'plain' }
  if (overlay?.kind === 'prompt') return { ...nothing, isPrompt: true }
  const { pass } = page.active
  const now = performance.now()
  if (operation !== undefined && now - operation.started >= operation.silent) {
    const text = `${operation.title}, ${durationText(now - operation.started)}; Esc ends it`
    return { ...nothing, bar: progressBar(operation.progress, now), text }
  }
  if (pass !== undefined) {
    const part = pass.total === undefined || pass.total === 0 ? undefined : pass.done / pass.total
    const text = `${pass.what}: ${pass.done.toLocaleString('en')} rows; Esc ends it`
    return { ...nothing, bar: progressBar(part, now), text }
  }
  if (message !== undefined) {
    const mark = message.tone === 'problem' ? '! ' : message.tone === 'warning' ? '* ' : ''
    return { ...nothing, text: mark + escapeText(message.text), tone: message.tone }
  }
  const problems = page.list.content.problems ?? []
  if (problems.length > 0) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
    const text = `* not all could be read: ${escapeText(problems[0] ?? '')}${more}`
    return { ...nothing, text, tone: 'warning' }
  }
  if (cockpit.wholeProblem !== undefined)
    return { ...nothing, text: `* ${escapeText(cockpit.wholeProblem)}`, tone: 'warning' }
  return nothing
}

const barWidth = 20

/** "[########............]"; where the end is not known, something that moves. */
function progressBar(part: number | undefined, now: number): string {
  if (part === undefined) {
    const at = Math.floor(now / 120) % (barWidth - 3)
    return `[${'.'.repeat(at)}###${'.'.repeat(barWidth - 3 - at)}]`
  }
  const filled = Math.round(Math.min(1, part) * barWidth)
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`
}
