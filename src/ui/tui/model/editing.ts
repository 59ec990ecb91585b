import { escapeText } from '../../../text.js'
import type { Cockpit } from './cockpit.js'
import { unlessFrozen } from './control.js'

export function unlessWritable(cockpit: Cockpit): string | undefined {
  return (
    unlessFrozen(cockpit) ??
    (cockpit.selected?.write === undefined
      ? 'no field that can be written is under the cursor: open a value and go to one of its numbers'
      : undefined)
  )
}

/** Asks for another value of the field under the cursor, writes it, and says what was there before. */
export function edit(cockpit: Cockpit): void {
  const row = cockpit.selected
  const { write } = row ?? {}
  if (row === undefined || write === undefined) return
  const name = row.cells[0] ?? ''
  const now = row.cells[1] ?? ''
  cockpit.prompt(
    `write ${name}`,
    (text) => {
      try {
        const written = write(typedValue(text.trim()))
        cockpit.refresh(true)
        cockpit.say(`${written.name}: ${written.before} → ${written.after}; U takes it back`, 'good')
      } catch (error) {
        cockpit.say((error as Error).message, 'problem')
      }
    },
    { text: now.replace(/ .*$/, ''), hints: [{ key: 'now', text: now }] },
  )
}

/** Takes the newest write back. */
export function undo(cockpit: Cockpit): void {
  try {
    const { place, before, after } = cockpit.vm.undo()
    cockpit.refresh(true)
    cockpit.say(`taken back: ${escapeText(`${place}: ${jsonText(after)} → ${jsonText(before)}`)}`, 'good')
  } catch (error) {
    cockpit.say((error as Error).message, 'warning')
  }
}

export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a person types: a number, true, JSON; anything else is a name, as of an enum. */
function typedValue(text: string): unknown {
  if (/^-?(?:0x[0-9a-f]+|\d+)n?$/i.test(text)) {
    const plain = text.replace(/n$/, '')
    return plain.startsWith('-') ? -BigInt(plain.slice(1)) : BigInt(plain)
  }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
