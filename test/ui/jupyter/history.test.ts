import { describe, expect, it } from 'vitest'
import { History } from '../../../src/ui/jupyter/history.js'

describe('History', () => {
  const history = new History()
  for (const [line, code] of ['let a', 'a + 1', 'let b', 'a + 1'].entries()) history.add(line + 1, code)
  const lines = (request: object) => history.find({ ...request }).map(([, line]) => line)

  it('gives the tail', () => {
    expect(lines({ hist_access_type: 'tail', n: 2 })).toEqual([3, 4])
    expect(lines({ hist_access_type: 'tail', n: 0 })).toEqual([1, 2, 3, 4])
  })

  it('gives a range, whose end is not in it', () => {
    expect(lines({ hist_access_type: 'range', start: 2, stop: 4 })).toEqual([2, 3])
  })

  it('searches with * and ?, and once for each text if that is wanted', () => {
    expect(lines({ hist_access_type: 'search', pattern: 'let ?' })).toEqual([1, 3])
    expect(lines({ hist_access_type: 'search', pattern: 'a*' })).toEqual([2, 4])
    expect(lines({ hist_access_type: 'search', pattern: 'a*', unique: true })).toEqual([4])
    expect(lines({ hist_access_type: 'search', pattern: '[' })).toEqual([])
  })

  it('is fast for any pattern', () => {
    history.add(5, 'a'.repeat(5000))
    expect(lines({ hist_access_type: 'search', pattern: `${'*'.repeat(5000)}b` })).toEqual([3])
  })
})
