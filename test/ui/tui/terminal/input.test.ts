import type { Key } from 'ink'
import { describe, expect, it } from 'vitest'
import { type InputState, inputsOf } from '../../../../src/ui/tui/terminal/input.js'

const none: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
}

const keysOf = (text: string, key: Partial<Key> = {}, state: InputState = { pasted: undefined }) =>
  inputsOf(text, { ...none, ...key }, state).map((input) => (input.kind === 'key' ? input.key : input.kind))

describe('inputsOf', () => {
  it.each<[string, Partial<Key>, string[]]>([
    ['j', {}, ['j']],
    // Keys that came together are one event of Ink.
    ['jjk', {}, ['j', 'j', 'k']],
    ['scx\r', {}, ['s', 'c', 'x', 'enter']],
    ['\r', { return: true }, ['enter']],
    ['', { delete: true }, ['backspace']],
    ['', { tab: true }, ['tab']],
    ['', { tab: true, shift: true }, ['shift-tab']],
    ['', { upArrow: true }, ['up']],
    ['', { pageDown: true }, ['pagedown']],
    ['', { rightArrow: true, ctrl: true }, ['ctrl-right']],
    ['n', { ctrl: true }, ['ctrl-n']],
    ['z', { ctrl: true }, ['ctrl-z']],
    ['', { escape: true, meta: true }, ['escape']],
    ['x', { meta: true }, ['alt-x']],
    ['N', { shift: true }, ['N']],
    [' ', {}, ['space']],
    ['é漢', {}, ['é', '漢']],
    ['[1;5P', {}, []],
    ['[', {}, ['[']],
  ])('reads %j with %j', (text, key, keys) => {
    expect(keysOf(text, key)).toEqual(keys)
  })

  it('tells clicks and the wheel by their place', () => {
    const at = (text: string) => inputsOf(text, none, { pasted: undefined })
    expect(at('[<0;12;5M')).toEqual([{ kind: 'click', row: 4, column: 11 }])
    expect(at('[<0;12;5m')).toEqual([])
    expect(at('[<65;1;2M')).toEqual([{ kind: 'wheel', row: 1, column: 0, lines: 3 }])
  })

  it('takes pasted text as text, whatever is in it', () => {
    const state: InputState = { pasted: undefined }
    const feed = (text: string, key: Partial<Key> = {}) => inputsOf(text, { ...none, ...key }, state)
    expect([...feed('[200~'), ...feed('q\nf'), ...feed('oo')]).toEqual([])
    expect(feed('[201~')).toEqual([{ kind: 'paste', text: 'q\nfoo' }])
    expect(keysOf('k', {}, state)).toEqual(['k'])
  })
})
