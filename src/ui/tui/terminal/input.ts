import type { Key } from 'ink'

/** What a person did at the terminal. */
export type Input =
  | { readonly kind: 'key'; readonly key: string; readonly text: string }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'click'; readonly row: number; readonly column: number }
  | { readonly kind: 'wheel'; readonly row: number; readonly column: number; readonly lines: number }

/** What goes over several events of Ink: text between the marks of a paste. */
export interface InputState {
  pasted: string | undefined
}

const pasteStart = '[200~'
const pasteEnd = '[201~'
const named: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
}
/**
 * What an event of Ink's useInput is by the names of the key table. Keys that come together are one event there, and what Ink
 * does not know (mouse reports, marks of pastes) comes as it is, without its escape.
 */
export function inputsOf(text: string, key: Key, state: InputState): Input[] {
  if (state.pasted !== undefined) return pasted(text, key, state)
  if (text === pasteStart) {
    state.pasted = ''
    return []
  }
  const special = specialKey(key)
  if (special !== undefined) return [withModifiers(key, special)]
  const mouse = /^\[<([0-9;]+)([Mm])$/.exec(text)
  if (mouse !== null) return mouseInput(mouse[1] ?? '', mouse[2] ?? '')
  if (key.ctrl) return /^[a-z]$/.test(text) ? [keyInput(`ctrl-${text}`)] : []
  // A sequence that nobody knows.
  if (/^\[[0-9;<?]+[A-Za-z~]$/.test(text)) return []
  const inputs = [...text].map(character)
  return key.meta ? inputs.map(withAlt) : inputs
}

function specialKey(key: Key): string | undefined {
  if (key.upArrow) return 'up'
  if (key.downArrow) return 'down'
  if (key.leftArrow) return 'left'
  if (key.rightArrow) return 'right'
  if (key.pageUp) return 'pageup'
  if (key.pageDown) return 'pagedown'
  if (key.home) return 'home'
  if (key.end) return 'end'
  if (key.return) return 'enter'
  if (key.escape) return 'escape'
  if (key.tab) return 'tab'
  // Ink 6 calls what the Backspace key sends delete, and does not tell the Delete key from it.
  if (key.backspace || key.delete) return 'backspace'
  return undefined
}

/** With the modifiers that the key table writes before it. */
function withModifiers(key: Key, name: string): Input {
  const isAlone = name === 'escape' || name === 'backspace' || name === 'enter'
  const modifiers = isAlone
    ? ''
    : `${key.ctrl ? 'ctrl-' : ''}${key.meta ? 'alt-' : ''}${key.shift ? 'shift-' : ''}`
  return keyInput(`${modifiers}${name}`)
}

function character(text: string): Input {
  const name = named[text]
  if (name !== undefined) return keyInput(name, name === 'space' ? ' ' : '')
  if (text < ' ') return keyInput(`ctrl-${String.fromCharCode(text.charCodeAt(0) + 96)}`)
  return keyInput(text, text)
}

function withAlt(input: Input): Input {
  return input.kind === 'key' ? { ...input, key: `alt-${input.key}` } : input
}

function pasted(text: string, key: Key, state: InputState): Input[] {
  if (text !== pasteEnd) {
    state.pasted += text === '' && key.return ? '\r' : text
    return []
  }
  const whole = state.pasted ?? ''
  state.pasted = undefined
  return [{ kind: 'paste', text: whole }]
}

/** SGR mouse reports: button;column;row, M for a press. */
function mouseInput(parameters: string, final: string): Input[] {
  const [button = -1, column = 1, row = 1] = parameters.split(';').map(Number)
  const place = { row: row - 1, column: column - 1 }
  if (button === 64 || button === 65) return [{ kind: 'wheel', ...place, lines: button === 64 ? -3 : 3 }]
  return button === 0 && final === 'M' ? [{ kind: 'click', ...place }] : []
}

function keyInput(key: string, text = ''): Input {
  return { kind: 'key', key, text }
}
