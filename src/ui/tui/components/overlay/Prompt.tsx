import { Text } from 'ink'
import { type ReactNode, useContext } from 'react'
import { escapeText } from '../../../../text.js'
import type { Cockpit } from '../../model/cockpit.js'
import { CockpitContext, useCockpit } from '../hooks/use-cockpit.js'

const shownCompletions = 8

/** A line that is typed, with the cursor in it and what can be meant behind it. */
export function Prompt(): ReactNode {
  const { theme } = useContext(CockpitContext).settings
  const { label, before, at, after, about } = useCockpit(promptOf)
  return (
    <Text wrap="truncate-end">
      <Text {...theme.accent}>{label}</Text>
      {before}
      <Text {...theme.selected}>{at}</Text>
      {after}
      <Text {...theme.dim}>{about}</Text>
    </Text>
  )
}

interface Typed {
  readonly label: string
  readonly before: string
  readonly at: string
  readonly after: string
  readonly about: string
}

function promptOf({ overlay, columns }: Cockpit): Typed {
  if (overlay?.kind !== 'prompt') return { label: '', before: '', at: '', after: '', about: '' }
  const { editor, completions, chosen, isLooking } = overlay
  const label = ` ${overlay.label}${overlay.label === ':' ? '' : ':'} `
  // The end of a long line is what one types.
  const room = Math.max(8, columns - label.length - 2)
  const from = Math.max(0, editor.at - room + 1)
  const found = completions
    .slice(0, shownCompletions)
    .map(({ text }, i) => (i === chosen ? `[${text}]` : text))
    .join('  ')
  const looking = isLooking ? (overlay.looking ?? 'looking for what can be meant') : ''
  const about = found !== '' ? escapeText(found) : looking === '' ? '' : `… ${looking}`
  return {
    label,
    before: editor.text.slice(from, editor.at),
    at: editor.text.charAt(editor.at) || ' ',
    after: editor.text.slice(editor.at + 1),
    about: about === '' ? '' : `   ${about}`,
  }
}
