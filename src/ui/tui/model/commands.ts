import type { Action } from './action.js'
import { runCode } from './code.js'
import type { KeyOverrides } from './keymap.js'

/** A command of the user's own: TypeScript over `vm`, and `_`, what is under the cursor. */
export interface Command {
  readonly keys: readonly string[]
  readonly code: string
  /** For help; the code itself where it is left out. */
  readonly text?: string | undefined
}

export type Commands = Readonly<Record<string, Command>>

/** Commands as actions of the key table, with the keys that the user gave them: those count before ours. */
export function commandActions(commands: Commands): {
  readonly actions: Action[]
  readonly keys: KeyOverrides
} {
  const actions = Object.entries(commands).map(
    ([name, { code, text = code }]): Action => ({
      name: `command ${name}`,
      group: 'Yours',
      keys: [],
      text,
      run: (cockpit) => runCode(cockpit, code, cockpit.selected?.value?.()),
    }),
  )
  const keys = Object.fromEntries(
    Object.entries(commands).map(([name, own]) => [`command ${name}`, own.keys]),
  )
  return { actions, keys }
}
