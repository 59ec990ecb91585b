import { describe, expect, it } from 'vitest'
import { reportOf } from '../support/documents.js'

const container = (parts: object = {}) => ({
  name: 'prices',
  kind: 'rbtree',
  arena: 3,
  count: 1,
  certainty: 'declared',
  evidence: 'its variable',
  state: {},
  problems: [],
  entries: [],
  ...parts,
})
const entry = (parts: object = {}) => ({
  index: 0,
  key: 10,
  depth: 0,
  value: 1,
  object: null,
  details: {},
  ...parts,
})
const changesOf = (before: readonly object[], after: readonly object[]) =>
  reportOf({ containers: after })
    .diff(reportOf({ containers: before }))
    .changes.map(({ path, change, before: old, after: now }) => [change, path, old, now])

describe('containers of two reports', () => {
  it('come and go by name', () => {
    expect(changesOf([container()], [container({ name: 'other', count: 2 })])).toEqual([
      ['added', 'containers.other', undefined, { kind: 'rbtree', count: 2 }],
      ['removed', 'containers.prices', { kind: 'rbtree', count: 1 }, undefined],
    ])
  })

  it('differ by what they are, not by the number of their arena', () => {
    expect(changesOf([container()], [container({ arena: 4 })])).toEqual([])
    expect(changesOf([container()], [container({ state: { depth: 2 } })])).toEqual([
      ['added', 'containers.prices.$container.state.depth', undefined, 2],
    ])
  })

  it('differ by what they hold, not by how they keep it', () => {
    const of = (...entries: readonly object[]) => [container({ entries })]
    expect(changesOf(of(entry()), of(entry({ value: 2 })))).toEqual([
      ['changed', 'containers.prices[10]', 1, 2],
    ])
    expect(
      changesOf(
        of(entry({ details: { isRed: true, slot: 1 } })),
        of(entry({ details: { isRed: false, slot: 2 } })),
      ),
    ).toEqual([])
    expect(changesOf(of(entry({ details: { weight: 1 } })), of(entry({ details: { weight: 2 } })))).toEqual([
      ['changed', 'containers.prices[10]["$notes"].weight', 1, 2],
    ])
    expect(changesOf(of(entry({ key: null })), of(entry({ key: null, index: 1 })))).toEqual([
      ['added', 'containers.prices[#1]', undefined, 1],
      ['removed', 'containers.prices[#0]', 1, undefined],
    ])
    const range = (first: number, last: number) => entry({ key: null, value: null, details: { first, last } })
    expect(changesOf(of(range(0, 3)), of(range(0, 4)))).toEqual([
      ['added', 'containers.prices[0-4]', undefined, null],
      ['removed', 'containers.prices[0-3]', null, undefined],
    ])
    expect(
      changesOf(of(entry({ value: null, object: 'a' })), of(entry({ value: null, object: 'b' }))),
    ).toEqual([['changed', 'containers.prices[10]', 'a', 'b']])
  })
})
