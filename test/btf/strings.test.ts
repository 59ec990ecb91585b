import { describe, expect, it } from 'vitest'
import { hashBytes, isUnreadableName, StringTable } from '../../src/btf/strings.js'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const base = new StringTable(bytes('\0task\0rq\0'), undefined)
const split = new StringTable(bytes('own\0last'), base)

describe('strings of BTF', () => {
  it('end at a zero, or where the section does', () => {
    expect([0, 1, 3, 6, 8].map((offset) => base.at(offset))).toEqual(['', 'task', 'sk', 'rq', ''])
    expect([9, 100].map((offset) => base.at(offset))).toEqual(['', ''])
  })

  it('continue those of the base', () => {
    expect([split.start, split.end]).toEqual([9, 17])
    expect([0, 1, 9, 10, 13, 17].map((offset) => split.at(offset))).toEqual([
      '',
      'task',
      'own',
      'wn',
      'last',
      '',
    ])
    // The base of a file that is not there has none.
    expect(new StringTable(bytes('x'), undefined).at(-1)).toBe('')
  })

  it('are those of the zeroth offset only where the section begins with one', () => {
    expect(new StringTable(bytes('abc\0'), undefined).at(0)).toBe('')
  })

  it('are cut after 1024 bytes', () => {
    const long = new StringTable(bytes(`\0${'a'.repeat(1024)}\0${'b'.repeat(1025)}\0`), undefined)
    expect(long.at(1)).toBe('a'.repeat(1024))
    expect(long.at(1026)).toBe('b'.repeat(1024))
  })

  it.each<[string, number, number, string]>([
    ['before it', 0, 2, 'task'],
    ['that ends where it begins', 0, 3, 'task'],
    ['over its first byte', 0, 4, 'unreadable_name_3'],
    ['over its last byte', 6, 7, 'unreadable_name_3'],
    ['over the zero behind it', 7, 8, 'unreadable_name_3'],
    ['behind it', 8, 9, 'task'],
  ])('with a hole %s', (_, start, end, name) => {
    const holed = new StringTable(bytes('\0rqtask\0x'), undefined, [{ start, end }])
    expect(holed.at(3)).toBe(name)
    expect(isUnreadableName(holed.at(3))).toBe(name !== 'task')
  })

  it.each<[number, string, boolean, boolean]>([
    [1, 'task', true, true],
    [1, 'tas', false, true],
    [1, 'tasks', false, false],
    [1, 'tusk', false, false],
    [2, 'ask', true, true],
    [9, 'own', true, true],
    [9, 'ow', false, true],
    [13, 'last', true, true],
    [13, 'lasts', false, false],
    [-1, '', false, false],
  ])('at %i compare with "%s"', (offset, name, equals, starts) => {
    expect(split.equals(offset, bytes(name))).toBe(equals)
    expect(split.startsWith(offset, bytes(name))).toBe(starts)
  })

  it('have the hash of their bytes, of 128 at most', () => {
    // FNV-1a of "rq" is 0xa3dbf32d... its high bits folded into the low ones.
    const fnv = [...bytes('rq')].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5)
    const right = fnv ^ (fnv >>> 15)
    expect(hashBytes(bytes('rq'), 0)).toBe(right)
    expect(hashBytes(bytes('xrq\0y'), 1)).toBe(right)
    expect(split.hash(6)).toBe(right)
    expect(split.hash(9)).toBe(hashBytes(bytes('own'), 0))
    const [long, same, other] = ['x', 'y'].map((end) => 'a'.repeat(128) + end).concat(`${'a'.repeat(127)}b`)
    expect(hashBytes(bytes(long ?? ''), 0)).toBe(hashBytes(bytes(same ?? ''), 0))
    expect(hashBytes(bytes(long ?? ''), 0)).not.toBe(hashBytes(bytes(other ?? ''), 0))
    expect(new StringTable(bytes(''), undefined).hash(-1)).toBe(0x811c9dc5)
  })
})
