import { type Action, actionGroups } from './action.js'
import type { Cockpit } from './cockpit.js'
import { type Keymap, keyName } from './keymap.js'

/** Help over the panes: every key, by group. */
export function showHelp(cockpit: Cockpit): void {
  const { keymap } = cockpit.settings
  cockpit.read('Keys', () => helpLines(keymap, cockpit), { hasHeads: true })
}

export function helpLines(keymap: Keymap, cockpit?: Cockpit): string[] {
  const lines: string[] = []
  for (const group of actionGroups) {
    const actions = keymap.actions.filter(
      (action) => action.group === group && keymap.keysOf(action).length > 0,
    )
    if (actions.length === 0) continue
    lines.push(group)
    for (const action of actions) {
      const why = cockpit === undefined ? undefined : action.unavailable?.(cockpit)
      lines.push(
        `  ${keysText(keymap, action).padEnd(20)} ${action.text}${why === undefined ? '' : ` (not now: ${why})`}`,
      )
    }
    lines.push('')
  }
  lines.push(
    'Marks in the margin: ~ has changed since the stop before, + is new.',
    'A click selects, a second one opens; the wheel scrolls (--no-mouse turns that off).',
    'Keys can be changed in $XDG_CONFIG_HOME/cryoscope/keys.json (docs/tui.md).',
  )
  return lines
}

export function keysText(keymap: Keymap, action: Action): string {
  return keymap.keysOf(action).map(keyName).join(' ')
}
