import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import type { KeyOverrides } from './model/keymap.js'
import { type ThemeName, themes } from './style/theme.js'

/** What the user's file says: keys, theme, mouse. Its schema is docs/keys.schema.json. */
export interface Preferences {
  readonly file: string
  readonly keys: KeyOverrides
  readonly theme: ThemeName | undefined
  readonly mouse: boolean | undefined
}

/** `$XDG_CONFIG_HOME/cryoscope/keys.json`; all defaults where there is none. Throws 'usage' for one that is wrong. */
export function readPreferences(environment: NodeJS.ProcessEnv = process.env): Preferences {
  const directory = environment.XDG_CONFIG_HOME || join(homedir(), '.config')
  const file = join(directory, 'cryoscope', 'keys.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return { file, keys: {}, theme: undefined, mouse: undefined }
  }
  return { file, ...parsePreferences(text, file) }
}

export function parsePreferences(text: string, file: string): Omit<Preferences, 'file'> {
  const wrong = (what: string): CryoscopeError => new CryoscopeError('usage', `${escapeText(file)}: ${what}`)
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw wrong(`it is no JSON (${escapeText((error as Error).message)})`)
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw wrong('it must be an object')
  const { $schema: _, keys = {}, theme, mouse, ...rest } = data as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw wrong(`"${escapeText(unknown)}" is not known; there are keys, theme and mouse`)
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys))
    throw wrong('"keys" must be an object')
  for (const [name, value] of Object.entries(keys)) {
    if (!Array.isArray(value) || value.some((key) => typeof key !== 'string' || key === '')) {
      throw wrong(`the keys of "${escapeText(name)}" must be a list of texts, such as ["j", "down"]`)
    }
  }
  if (theme !== undefined && !(typeof theme === 'string' && Object.hasOwn(themes, theme))) {
    throw wrong(`"theme" must be one of ${Object.keys(themes).join(', ')}`)
  }
  if (mouse !== undefined && typeof mouse !== 'boolean') throw wrong('"mouse" must be true or false')
  return { keys: keys as KeyOverrides, theme: theme as ThemeName | undefined, mouse }
}
