import { describe, expect, it } from 'vitest'
import { keyTable } from '../../../../src/ui/tui/model/key-table.js'
import { Keymap, keyName } from '../../../../src/ui/tui/model/keymap.js'
import { parts } from '../../../../src/ui/tui/panes/tabs.js'
import { parsePreferences } from '../../../../src/ui/tui/preferences.js'

describe('the table of keys', () => {
  it('gives no key to two actions and no name twice', () => {
    expect(() => new Keymap(keyTable)).not.toThrow()
    const names = keyTable.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it('has a key for every tab', () => {
    for (const { name } of parts.tabs) expect(keyTable.map((action) => action.name)).toContain(name)
  })
})

describe('Keymap', () => {
  it("lets the user's keys take the place of ours", () => {
    const keymap = new Keymap(keyTable, { quit: ['x'], down: ['q'] })
    expect(keymap.action('x')?.name).toBe('quit')
    expect(keymap.action('q')?.name).toBe('down')
    expect(keymap.action('j')).toBeUndefined()
  })

  it('takes no key away from what the user has not named, unless it is wanted', () => {
    const keymap = new Keymap(keyTable, { quit: ['f'] })
    expect(keymap.action('f')?.name).toBe('quit')
    expect(
      keymap.keysOf(keymap.actions.find(({ name }) => name === 'freeze') as (typeof keyTable)[number]),
    ).toEqual([])
  })

  it('says which action is not known, and what is near', () => {
    expect(() => new Keymap(keyTable, { freze: ['x'] })).toThrow(
      /"freze", which is no action; did you mean freeze/,
    )
  })

  it('says which key would do two things', () => {
    expect(() => new Keymap(keyTable, { quit: ['x'], help: ['x'] })).toThrow(/the key x to both/)
  })

  it.each([
    ['ctrl-n', 'Ctrl-N'],
    ['pagedown', 'PgDn'],
    ['f', 'f'],
    ['-', '-'],
    ['ctrl-right', 'Ctrl-→'],
  ])('writes %s as %s', (key, text) => {
    expect(keyName(key)).toBe(text)
  })
})

describe('preferences', () => {
  it('reads keys, theme and mouse', () => {
    expect(
      parsePreferences('{"$schema":"x","keys":{"quit":["x"]},"theme":"light","mouse":false}', 'f'),
    ).toEqual({
      keys: { quit: ['x'] },
      theme: 'light',
      mouse: false,
      colours: {},
      commands: {},
    })
  })

  it.each([
    ['{', 'no JSON'],
    ['[]', 'must be an object'],
    ['{"colour":1}', '"colour" is not known'],
    ['{"keys":{"quit":"x"}}', 'must be a list of texts'],
    ['{"theme":"pink"}', '"theme" must be one of'],
    ['{"mouse":1}', '"mouse" must be true or false'],
    ['{"colours":{"pink":"red"}}', '"pink" is no tone; there are plain, dim'],
    ['{"colours":{"dim":"#12"}}', 'the colour of "dim" must be'],
    ['{"commands":{"a":{"keys":["x"]}}}', 'the command "a" must have "keys"'],
    ['{"commands":{"a":{"keys":["x"],"code":"1","more":1}}}', 'the command "a" must have "keys"'],
  ])('says what is wrong with %s', (text, reason) => {
    expect(() => parsePreferences(text, 'keys.json')).toThrow(reason)
  })
})
