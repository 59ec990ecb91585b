import { nearNames } from '../../../btf/near-names.js'
import { CryoscopeError } from '../../../errors.js'
import type { Action } from './action.js'

/** A user's own keys: for an action the keys that do it, instead of ours. */
export type KeyOverrides = Readonly<Record<string, readonly string[]>>

/** Which action each key does. Throws 'usage' for unknown actions and for keys that would do two things. */
export class Keymap {
  readonly actions: readonly Action[]
  readonly #byKey = new Map<string, Action>()
  readonly #keys = new Map<string, readonly string[]>()

  constructor(actions: readonly Action[], overrides: KeyOverrides = {}, source = 'the key file') {
    this.actions = actions
    const names = actions.map(({ name }) => name)
    for (const name of Object.keys(overrides)) {
      if (names.includes(name)) continue
      const near = nearNames(name, names, 2)
      const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''
      throw new CryoscopeError('usage', `${source} gives keys to "${name}", which is no action${hint}`)
    }
    // What the user chose counts before what we chose: our key for another action gives way.
    for (const action of actions)
      for (const key of overrides[action.name] ?? []) this.#bind(key, action, source)
    for (const action of actions) {
      const own = overrides[action.name]
      const keys = own ?? action.keys.filter((key) => !this.#byKey.has(key))
      if (own === undefined) for (const key of keys) this.#bind(key, action, 'the table of keys')
      this.#keys.set(action.name, keys)
    }
  }

  action(key: string): Action | undefined {
    return this.#byKey.get(key)
  }

  keysOf(action: Action): readonly string[] {
    return this.#keys.get(action.name) ?? []
  }

  #bind(key: string, action: Action, source: string): void {
    const taken = this.#byKey.get(key)
    if (taken !== undefined && taken !== action) {
      throw new CryoscopeError(
        'usage',
        `${source} gives the key ${key} to both ${taken.name} and ${action.name}`,
      )
    }
    this.#byKey.set(key, action)
  }
}

const symbols: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  enter: 'Enter',
  escape: 'Esc',
  backspace: 'Backspace',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  space: 'Space',
  f5: 'F5',
}

/** A key as people write it: "Ctrl-N", "↑", "f". */
export function keyName(key: string): string {
  const [, modifier = '', rest = key] = /^((?:(?:ctrl|alt|shift)-)+)(.+)$/.exec(key) ?? []
  if (symbols[key] !== undefined) return symbols[key]
  if (modifier === '') return key
  const words = modifier.split('-').filter((word) => word !== '')
  const shown = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return [...shown, symbols[rest] ?? rest.toUpperCase()].join('-')
}
