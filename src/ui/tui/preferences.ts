import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import type { Commands } from './model/commands.js'
import type { KeyOverrides } from './model/keymap.js'
import { type Colours, type ThemeName, type Tone, themes, tones } from './style/theme.js'

/** What the user's file says: keys, theme, mouse. Its schema is docs/keys.schema.json. */
export interface Preferences {
  readonly file: string
  readonly keys: KeyOverrides
  readonly theme: ThemeName | undefined
  readonly mouse: boolean | undefined
  readonly colours: Colours
  readonly commands: Commands
}

/** `$XDG_CONFIG_HOME/cryoscope/keys.json`; all defaults where there is none. Throws 'usage' for one that is wrong. */
export function readPreferences(environment: NodeJS.ProcessEnv = process.env): Preferences {
  const directory = environment.XDG_CONFIG_HOME || join(homedir(), '.config')
  const file = join(directory, 'cryoscope', 'keys.json')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return { file, ...parsePreferences('{}', file) }
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
  if (!isRecord(data)) throw wrong('it must be an object')
  const { $schema: _, keys = {}, theme, mouse, colours = {}, commands = {}, ...rest } = data
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw wrong(`"${escapeText(unknown)}" is not known; there are keys, commands, theme, colours and mouse`)
  if (!isRecord(keys)) throw wrong('"keys" must be an object')
  for (const [name, value] of Object.entries(keys)) {
    if (!Array.isArray(value) || value.some((key) => typeof key !== 'string' || key === '')) {
      throw wrong(`the keys of "${escapeText(name)}" must be a list of texts, such as ["j", "down"]`)
    }
  }
  if (theme !== undefined && !(typeof theme === 'string' && Object.hasOwn(themes, theme))) {
    throw wrong(`"theme" must be one of ${Object.keys(themes).join(', ')}`)
  }
  if (mouse !== undefined && typeof mouse !== 'boolean') throw wrong('"mouse" must be true or false')
  const colour = /^(?:#[0-9a-f]{6}|ansi256\(\d{1,3}\)|[a-z]+)$/i
  if (!isRecord(colours)) throw wrong('"colours" must be an object')
  for (const [tone, value] of Object.entries(colours)) {
    if (!tones.includes(tone as Tone))
      throw wrong(`"${escapeText(tone)}" is no tone; there are ${tones.join(', ')}`)
    if (typeof value !== 'string' || !colour.test(value))
      throw wrong(`the colour of "${tone}" must be a name, #rrggbb or ansi256(n)`)
  }
  if (!isRecord(commands)) throw wrong('"commands" must be an object')
  for (const [name, command] of Object.entries(commands)) {
    const { keys: own, code, text = '', ...more } = isRecord(command) ? command : {}
    const isKeys = Array.isArray(own) && own.every((key) => typeof key === 'string' && key !== '')
    if (
      !isKeys ||
      typeof code !== 'string' ||
      code === '' ||
      typeof text !== 'string' ||
      Object.keys(more).length > 0
    )
      throw wrong(
        `the command "${escapeText(name)}" must have "keys", such as ["ctrl-x"], and "code"; "text" is for help`,
      )
  }
  return {
    keys: keys as KeyOverrides,
    theme: theme as ThemeName | undefined,
    mouse,
    colours: colours as Preferences['colours'],
    commands: commands as unknown as Commands,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
