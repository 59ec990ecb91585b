import type { Input } from '../terminal/input.js'
import type { Cockpit } from './cockpit.js'
import { click, wheel } from './mouse.js'
import { overlayInput } from './overlay-input.js'

/** What else keys do would show a moment that is none. */
const keysOnTheWay: ReadonlySet<string> = new Set(['escape', 'ctrl-c', 'ctrl-z'])

/** Does what was typed, pasted or clicked: what lies over the panes has it first. */
export function takeInput(cockpit: Cockpit, input: Input): void {
  const { settings, operation } = cockpit
  const isKey = input.kind === 'key'
  // Escape and a key in quick succession look like a key with Alt.
  if (isKey && input.key.startsWith('alt-') && settings.keymap.action(input.key) === undefined) {
    takeInput(cockpit, { kind: 'key', key: 'escape', text: '' })
    takeInput(cockpit, { ...input, key: input.key.slice('alt-'.length) })
    return
  }
  if (operation === undefined && isKey) cockpit.message = undefined
  if (cockpit.isTravelling && !(isKey && keysOnTheWay.has(input.key))) {
    cockpit.say(`${operation?.title}; Esc ends that`, 'warning')
    return
  }
  if (isKey && input.key === 'ctrl-c') interrupt(cockpit)
  else if (isKey && input.key === 'ctrl-z') cockpit.key(input.key)
  else if (cockpit.overlay !== undefined) overlayInput(cockpit, cockpit.overlay, input)
  else if (isKey) cockpit.key(input.key)
  else if (input.kind === 'wheel') wheel(cockpit, input.row, input.column, input.lines)
  else if (input.kind === 'click') click(cockpit, input.row, input.column)
}

function interrupt(cockpit: Cockpit): void {
  if (cockpit.operation !== undefined) cockpit.operation.abort.abort()
  else if (cockpit.overlay !== undefined) cockpit.overlay = undefined
  else cockpit.quit()
}
