import { describe, expect, it } from 'vitest'
import { containerEntryLines, containerText } from '../../../src/report/text/container-text.js'

type Entry = Parameters<typeof containerEntryLines>[0]

const entry = (parts: object = {}): Entry =>
  ({ index: 2, key: null, depth: 0, value: null, object: null, details: {}, ...parts }) as unknown as Entry
const container = (parts: object = {}) =>
  ({ kind: 'rbtree', arena: 3, count: 5, certainty: 'declared', evidence: 'its variable', ...parts }) as never

describe('a container', () => {
  it('is told by its kind, where it is, how much it holds and why it is taken for one', () => {
    expect(containerText(container())).toBe('rbtree in arena 3: 5 entries (declared: its variable)')
    expect(containerText(container({ count: 1 }))).toBe('rbtree in arena 3: 1 entry (declared: its variable)')
    expect(containerText(container({ kind: 'bitmap', count: 1 }))).toMatch(/: 1 bits set \(/)
    expect(containerText(container({ count: { atLeast: 2, why: 'lost' } }))).toMatch(
      /: at least 2 entries \(/,
    )
  })
})

describe('an entry of a container', () => {
  it('is its value, behind its key where it has one', () => {
    expect(containerEntryLines(entry({ value: 5 }), 80, '')).toEqual(['[2] 5'])
    expect(containerEntryLines(entry({ value: 5, key: 10 }), 80, '  ')).toEqual(['  [2] 10: 5'])
    expect(containerEntryLines(entry({ value: { a: 1 }, object: 'pool[3]' }), 80, '')).toEqual([
      '[2] { .a = 1 }',
    ])
    expect(containerEntryLines(entry({ value: 4096, object: 'pool[3]' }), 80, '')).toEqual([
      '[2] 0x1000 (in pool[3])',
    ])
    expect(containerEntryLines(entry({ value: '18446744073709551615', object: 'a\u001b' }), 80, '')).toEqual([
      '[2] 0xffffffffffffffff (in a\\x1b)',
    ])
  })

  it('is a range of bits, or one', () => {
    expect(containerEntryLines(entry({ details: { first: 4, last: 7 } }), 80, ' ')).toEqual([' [2] 4-7'])
    expect(containerEntryLines(entry({ details: { first: 4, last: 4 } }), 80, '')).toEqual(['[2] 4'])
  })

  it('without a value is what is known of it, further in the deeper it lies', () => {
    const at = (depth: number) =>
      containerEntryLines(entry({ key: 7, depth, details: { name: 'X' } }), 80, '')
    expect(at(0)).toEqual(['[2] 7: { .name = X }'])
    expect(at(2)).toEqual(['    [2] 7: { .name = X }'])
    expect(at(9)).toEqual(at(8))
    expect(at(8)).not.toEqual(at(7))
    expect(containerEntryLines(entry({ depth: 2, details: { name: 'X' } }), 80, '')).toEqual([
      '[2] { .name = X }',
    ])
    expect(containerEntryLines(entry({ key: 7, depth: 2, value: 1 }), 80, '')).toEqual(['[2] 7: 1'])
  })
})
