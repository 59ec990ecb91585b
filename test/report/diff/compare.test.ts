import { describe, expect, it } from 'vitest'
import { byKey, Comparison, member, within } from '../../../src/report/diff/compare.js'

const root = { path: '', rule: '', section: '' }
const changesOf = (name: string, before: unknown, after: unknown) => {
  const comparison = new Comparison(true)
  comparison.values(member(root, name), before, after)
  return comparison.changes.map(({ path, change, before: old, after: now }) => [change, path, old, now])
}

describe('lists', () => {
  it('of words are one value', () => {
    expect(changesOf('x', ['A', 'B'], ['A', 'C'])).toEqual([['changed', 'x', ['A', 'B'], ['A', 'C']]])
    expect(changesOf('x', ['A', 'B'], ['A', 'B'])).toEqual([])
    expect(changesOf('x', [], ['A'])).toEqual([['changed', 'x', [], ['A']]])
  })

  it('of other things are compared place by place', () => {
    expect(changesOf('x', [1, 2], [1, 3, 4])).toEqual([
      ['changed', 'x[1]', 2, 3],
      ['added', 'x[2]', undefined, 4],
    ])
    expect(changesOf('x', [1, 2, 3], [1])).toEqual([
      ['removed', 'x[1]', 2, undefined],
      ['removed', 'x[2]', 3, undefined],
    ])
    expect(changesOf('x', ['A', 1], ['B', 1])).toEqual([['changed', 'x[0]', 'A', 'B']])
  })

  it('of things with names are compared by these, whatever their order', () => {
    expect(
      changesOf(
        'domains',
        [
          { cpu: 1, n: 1 },
          { cpu: 2, n: 2 },
        ],
        [
          { cpu: 2, n: 2 },
          { cpu: 1, n: 5 },
        ],
      ),
    ).toEqual([['changed', 'domains[1].n', 1, 5]])
    expect(
      changesOf(
        'tasks',
        [
          { pid: 0, cpu: 1, n: 1 },
          { pid: 0, cpu: 2, n: 1 },
        ],
        [{ pid: 0, cpu: 2, n: 2 }],
      ),
    ).toEqual([
      ['changed', 'tasks[0@2].n', 1, 2],
      ['removed', 'tasks[0@1]', { pid: 0, cpu: 1, n: 1 }, undefined],
    ])
    expect(changesOf('vcpus', [{ cpu: null, index: 3, n: 1 }], [{ cpu: null, index: 3, n: 2 }])).toEqual([
      ['changed', 'vcpus[vCPU 3].n', 1, 2],
    ])
    const [a, b] = [
      { code: 'map', subject: 'map:1', message: 'x' },
      { code: 'map', subject: 'map:1', message: 'y' },
    ]
    expect(changesOf('problems', [a], [b])).toEqual([
      ['added', 'problems[map map:1: y]', undefined, b],
      ['removed', 'problems[map map:1: x]', a, undefined],
    ])
  })
})

describe('objects', () => {
  it('gain and lose members', () => {
    expect(changesOf('x', { a: 1, b: 2 }, { b: 2, c: 3 })).toEqual([
      ['removed', 'x.a', 1, undefined],
      ['added', 'x.c', undefined, 3],
    ])
    expect(changesOf('x', { a: [1] }, { a: { b: 1 } })).toEqual([['changed', 'x.a', [1], { b: 1 }]])
    expect(changesOf('x', null, { b: 1 })).toEqual([['changed', 'x', null, { b: 1 }]])
  })

  it('that came or went with an address alone do not count', () => {
    expect(changesOf('x', { a: 1 }, { a: 1, address: '0x1' })).toEqual([])
  })
})

describe('pointers of one boot', () => {
  it('are the same only with the same type', () => {
    const pointer = (address: string, type: string) => ({ pointer: address, type, to: 'x' })
    expect(changesOf('x', pointer('0x1', 'a *'), pointer('0x1', 'a *'))).toEqual([])
    expect(changesOf('x', pointer('0x1', 'a *'), pointer('0x1', 'b *'))).toHaveLength(1)
    expect(changesOf('x', pointer('0x1', 'a *'), pointer('0x2', 'a *'))).toHaveLength(1)
    // A struct of the guest may have such members.
    expect(changesOf('x', { pointer: '0x1', type: 5 }, { pointer: '0x1', type: 6 })).toEqual([
      ['changed', 'x.type', 5, 6],
    ])
  })
})

it('items that share a key are told apart by their order', () => {
  const items = [{ name: 'a', n: 1 }, { name: 'b', n: 2 }, { name: 'a', n: 3 }, 'word', { name: 'a', n: 4 }]
  expect([...byKey(items, ({ name }) => name)].map(([key]) => key)).toEqual(['a', 'b', 'a#2', '3', 'a#3'])
})

it('places have a path for people and one for rules', () => {
  const place = within(member(member(root, 'maps'), 'a'), 'key')
  expect(place).toEqual({ path: 'maps.a[key]', rule: 'maps.a[]', section: 'maps' })
  expect(member(root, 'a b')).toEqual({ path: '["a b"]', rule: 'a b', section: 'a b' })
})
