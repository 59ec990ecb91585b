import { describe, expect, it } from 'vitest'
import { keyName } from '../../../src/ui/files/entries.js'

describe('the name of an entry', () => {
  it.each([
    ['an owner', { hex: '00', owner: { pid: 42 } }, '42'],
    ['a number', { hex: '07000000', value: 7 }, '7'],
    ['text', { hex: '6c6f616400000000', value: 'load' }, 'load'],
    ['bytes that are no text', { hex: '61ff0000', value: 'a\\xff' }, 'a%FF'],
    ['text that looks as such bytes do', { hex: '615c786666000000', value: 'a\\xff' }, 'a%5Cxff'],
    ['the name of an enum', { hex: '02000000', value: 'GREEN' }, 'GREEN'],
    ['a struct', { hex: '0102', value: { a: 1 } }, '0102'],
    ['no key', { hex: '' }, '3'],
  ])('is made of %s', (_what, key, name) => {
    expect(keyName({ key }, 3)).toBe(name)
  })
})
