import { Box, Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import { textWidth } from '../../../../present/text/fit.js'
import type { Cockpit } from '../../model/cockpit.js'
import { keyName } from '../../model/keymap.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

/** Keys that do something here, from the table of keys. */
export function HintBar(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const hints = useCockpit(hintsOf)
  return (
    <Box height={1} flexShrink={0} gap={2} paddingLeft={1}>
      {hints.map(({ key, text }) => (
        <Text key={key + text} wrap="truncate-end">
          <Text {...theme.accent}>{key}</Text>
          <Text {...theme.dim}> {text}</Text>
        </Text>
      ))}
    </Box>
  )
}

interface Hint {
  readonly key: string
  readonly text: string
}

const gap = 2
const widthOf = ({ key, text }: Hint): number => textWidth(key) + 1 + textWidth(text) + gap

function hintsOf(cockpit: Cockpit): readonly Hint[] {
  const { columns, overlay, settings } = cockpit
  const { keymap } = settings
  if (overlay?.kind === 'prompt') {
    return fitting(columns, [
      { key: 'Enter', text: 'take it' },
      { key: 'Esc', text: 'leave it' },
      ...(overlay.complete === undefined ? [] : [{ key: 'Tab', text: 'complete' }]),
      ...(overlay.history.length > 0 ? [{ key: '↑', text: 'earlier lines' }] : []),
      ...(overlay.hints ?? []),
    ])
  }
  if (overlay !== undefined) {
    return fitting(columns, [
      { key: 'Esc', text: 'close' },
      { key: '↑↓', text: overlay.kind === 'menu' ? 'choose' : 'scroll' },
      ...(overlay.kind === 'menu' ? [{ key: 'Enter', text: 'take it' }] : []),
      ...(overlay.kind === 'reading' ? [{ key: '/', text: 'search' }] : []),
    ])
  }
  const hints = keymap.actions.flatMap((action) => {
    const [key] = keymap.keysOf(action)
    if (action.hint === undefined || key === undefined || action.unavailable?.(cockpit) !== undefined)
      return []
    const text = typeof action.hint === 'string' ? action.hint : action.hint(cockpit)
    return text === undefined ? [] : [{ name: action.name, key: keyName(key), text }]
  })
  // Whoever knows the way to help and out finds the rest.
  const isAlways = ({ name }: { readonly name: string }) => name === 'help' || name === 'quit'
  const always = hints.filter(isAlways).map(({ key, text }) => ({ key, text }))
  const others = hints.filter((hint) => !isAlways(hint)).map(({ key, text }) => ({ key, text }))
  const room = columns - always.reduce((sum, hint) => sum + widthOf(hint), 0)
  return [...fitting(room, others), ...fitting(columns, always)]
}

function fitting(columns: number, hints: readonly Hint[]): readonly Hint[] {
  let room = columns
  return hints.filter((hint) => {
    const width = widthOf(hint)
    if (width > room) return false
    room -= width
    return true
  })
}
