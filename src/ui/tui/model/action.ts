import type { Cockpit } from './cockpit.js'

export const actionGroups = ['Move', 'Look', 'Control', 'Tabs', 'General', 'Yours'] as const
export type ActionGroup = (typeof actionGroups)[number]

/** Something that keys do. Help, hints, the documentation and the user's own keys are all made from these. */
export interface Action {
  /** What the user's key file calls it. */
  readonly name: string
  readonly group: ActionGroup
  /** By names of model/keymap.ts: `j`, `ctrl-n`, `pagedown`. */
  readonly keys: readonly string[]
  /** For help and documentation. */
  readonly text: string
  /** A word or two for the line of hints; actions without are not shown there. */
  readonly hint?: string | ((cockpit: Cockpit) => string | undefined)
  /** Why it does nothing now; undefined when it does. */
  readonly unavailable?: (cockpit: Cockpit) => string | undefined
  readonly run: (cockpit: Cockpit) => void
}
