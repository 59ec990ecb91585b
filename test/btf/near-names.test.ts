import { describe, expect, it } from 'vitest'
import { nearNames } from '../../src/btf/near-names.js'

describe('names like one that does not exist', () => {
  it('come nearest first: a letter more, less, other, or swapped with its neighbour counts one', () => {
    expect(nearNames('task_struct', ['task_struc', 'task_strct', 'other'])).toEqual([
      'task_strct',
      'task_struc',
    ])
    expect(nearNames('abcdef', ['abcdfe', 'abdcfe', 'bacdfe'])).toEqual(['abcdfe', 'abdcfe', 'bacdfe'])
    expect(nearNames('abcdef', ['xbcdef', 'abcde', 'abcdefg', 'abxyef'])).toEqual([
      'abcde',
      'abcdefg',
      'xbcdef',
    ])
  })

  it('are those within a third of its letters, at least one', () => {
    expect(nearNames('abcdef', ['abcdxx', 'abcxxx'])).toEqual(['abcdxx'])
    expect(nearNames('ab', ['ac', 'cd', 'abc', 'abcd'])).toEqual(['ac', 'abc'])
    expect(nearNames('abcdefghi', ['abcdefxyz', 'abcdewxyz', 'abcdefghijkl', 'abcdefghijklm'])).toEqual([
      'abcdefxyz',
      'abcdefghijkl',
    ])
  })

  it('do not depend on the case of letters', () => {
    expect(nearNames('RQ', ['rq', 'rr'])).toEqual(['rq', 'rr'])
    expect(nearNames('Task', ['TASK', 'mask'])).toEqual(['TASK', 'mask'])
  })

  it('come, when equally near, with the same first letter first, then shortest, then by the alphabet', () => {
    expect(nearNames('dump', ['bump', 'dumps', 'jump', 'dums', 'dumm'])).toEqual(['dumm', 'dums', 'dumps'])
    expect(nearNames('dump', ['jump', 'bump', 'pump'], 2)).toEqual(['bump', 'jump'])
    expect(nearNames('dump', [])).toEqual([])
  })
})
